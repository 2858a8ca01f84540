// What an attacker can send to a server, at a rate or as fast as the machine sends.

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/clients.h"
#include "bench/load/commands.h"
#include "bench/load/load_socket.h"
#include "core/base/endian.h"
#include "core/noise/transport.h"
#include "crypto/aead.h"
#include "tests/support/packet_builder.h"

namespace ringwire::bench {
namespace {

// Addresses behind `sources` that invented senders have.
constexpr uint32_t kInventedSources = 1 << 20;
// Initiations of a hostile peer that are made beforehand.
constexpr size_t kInitiationsMax = 40'000;

// Writes the next datagram into the buffer. Returns its size.
using Fill = std::function<size_t(std::span<uint8_t> buffer)>;

class Flood {
 public:
  explicit Flood(const LoadOptions& options)
      : options_(options), socket_(options.to), macs_(options.server) {}

  int Run() {
    const Fill fill = Prepare();
    if (fill == nullptr) return 2;
    if (options_.aim.sin_port != 0) socket_.Aim(options_.aim);
    Pace pace(options_.rate);
    while (pace.seconds() < options_.seconds) {
      const size_t due = pace.Due(LoadSocket::kBatch);
      for (size_t i = 0; i < due; ++i) {
        const size_t bytes = fill(socket_.Reserve());
        socket_.Add(bytes, Source());
      }
      pace.Sent(socket_.Send());
    }
    std::printf("{\"sent\": %llu, \"seconds\": %.6f, \"per_s\": %.1f}\n",
                static_cast<unsigned long long>(pace.sent()), pace.seconds(),
                static_cast<double>(pace.sent()) / pace.seconds());
    return 0;
  }

 private:
  uint32_t Source() {
    if (options_.sources == 0) return 0;
    if (one_source_) return options_.sources + options_.first;
    return options_.sources + static_cast<uint32_t>(random_.Next() % kInventedSources);
  }

  // Null: there is no such kind.
  Fill Prepare() {
    const std::string& kind = options_.kind;
    one_source_ = kind == "initiations-one-source" || kind.starts_with("peer-");
    if (kind == "garbage") return [this](auto buffer) { return Random(buffer, 148); };
    if (kind == "oversize") return [this](auto buffer) { return Forged(buffer, 60'000, 0); };
    if (kind == "initiations" || kind == "initiations-one-source") {
      return [this](auto buffer) {
        return WithMac(buffer, kMessageInitiation, sizeof(InitiationMessage));
      };
    }
    if (kind == "responses") {
      return [this](auto buffer) {
        return WithMac(buffer, kMessageResponse, sizeof(ResponseMessage));
      };
    }
    if (kind == "cookie-replies") {
      return [this](auto buffer) {
        const size_t size = Random(buffer, sizeof(CookieReplyMessage));
        StoreLe32(buffer.data(), kMessageCookieReply);
        return size;
      };
    }
    if (kind == "peer-handshakes" || kind == "replayed") return Initiations(kind == "replayed");
    return PrepareWithSession(kind);
  }
  // Kinds that need a session of a peer.
  Fill PrepareWithSession(const std::string& kind) {
    if (kind == "forged" || kind == "replayed-data") {
      Connect();
      const std::vector<uint8_t> sealed = Seal(keys_, Packet(64), counter_++);
      if (kind == "forged") {
        return [this](auto buffer) { return Forged(buffer, 1'452, keys_.remote_index); };
      }
      return [sealed](auto buffer) {
        std::ranges::copy(sealed, buffer.begin());
        return sealed.size();
      };
    }
    if (kind == "peer-data") return Sealed(1'300);
    if (kind == "peer-tiny") return Sealed(0);
    if (kind == "peer-keepalives") return Sealed(std::nullopt);
    return nullptr;
  }

  size_t Random(std::span<uint8_t> buffer, size_t size) {
    random_.Fill(buffer.first(size));
    return size;
  }
  size_t WithMac(std::span<uint8_t> buffer, uint32_t type, size_t size) {
    (void)Random(buffer, size);
    StoreLe32(buffer.data(), type);
    macs_.AddMacs(buffer.first(size), Instant());
    return size;
  }
  // A transport message whose tag is wrong. The ciphertext stays the same.
  size_t Forged(std::span<uint8_t> buffer, size_t size, uint32_t index) {
    StoreTransportHeader(buffer.data(), index, ++counter_);
    return size;
  }
  // All of them valid once, if the peer is one of the server's.
  Fill Initiations(bool only_one) {
    const double wanted = options_.rate > 0 ? options_.rate * options_.seconds : kInitiationsMax;
    const size_t count =
        only_one ? 1 : std::min<size_t>(kInitiationsMax, static_cast<size_t>(wanted) + 1);
    Client client(options_.first, options_.server);
    auto made = std::make_shared<std::vector<std::array<uint8_t, sizeof(InitiationMessage)>>>();
    crypto::SystemRandom random;
    for (size_t i = 0; i < count; ++i) {
      client.Prepare(random);
      std::ranges::copy(client.Initiation(Instant()), made->emplace_back().begin());
    }
    return [made, next = size_t{0}](auto buffer) mutable {
      std::ranges::copy((*made)[next++ % made->size()], buffer.begin());
      return sizeof(InitiationMessage);
    };
  }
  // Valid packets of the peer with this much payload; nullopt: keepalives.
  Fill Sealed(std::optional<size_t> payload_bytes) {
    Connect();
    key_ = std::make_unique<crypto::AeadKey>(keys_.suite, keys_.send);
    const std::vector<uint8_t> packet =
        payload_bytes.has_value() ? Packet(*payload_bytes) : std::vector<uint8_t>();
    return [this, packet](auto buffer) {
      const size_t padded = PaddedSize(packet.size(), 0);
      StoreTransportHeader(buffer.data(), keys_.remote_index, counter_);
      uint8_t* const payload = buffer.data() + kTransportHeaderBytes;
      std::memset(payload, 0, padded);
      std::ranges::copy(packet, payload);
      const crypto::SealSegment segment{payload, padded};
      engine_.SealRun(*key_, {&segment, 1}, counter_++);
      return padded + kTransportOverheadBytes;
    };
  }
  std::vector<uint8_t> Packet(size_t payload_bytes) const {
    return BuildPacket({.source = options_.inner_source,
                        .destination = options_.inner_target,
                        .destination_port = 9,
                        .payload_bytes = payload_bytes});
  }

  // Shakes hands as the hostile peer, and confirms the session.
  void Connect() {
    Client client(options_.first, options_.server);
    crypto::SystemRandom random;
    const uint32_t source = options_.sources == 0 ? 0 : options_.sources + options_.first;
    bool connected = false;
    for (int attempt = 0; attempt < 20 && !connected; ++attempt) {
      client.Prepare(random);
      const std::span<const uint8_t> message = client.Initiation(Instant());
      std::ranges::copy(message, socket_.Reserve().begin());
      socket_.Add(message.size(), source);
      (void)socket_.Send();
      socket_.Receive(500, [&](const Arrived& arrived) {
        connected = connected || client.TakeResponse(arrived.bytes, &keys_);
        (void)client.TakeCookie(arrived.bytes, Instant());
      });
    }
    errno = 0;
    if (!connected) Fail("no handshake with the server");
    const std::vector<uint8_t> keepalive = Seal(keys_, {}, counter_++);
    std::ranges::copy(keepalive, socket_.Reserve().begin());
    socket_.Add(keepalive.size(), source);
    (void)socket_.Send();
  }

  const LoadOptions& options_;
  LoadSocket socket_;
  CookieGenerator macs_;
  FastRandom random_{7};
  bool one_source_ = false;
  SessionKeys keys_;
  std::unique_ptr<crypto::AeadKey> key_;
  crypto::AeadEngine engine_;
  uint64_t counter_ = 0;
};

// First fragments of datagrams that never become whole.
int FloodOfFragments(const LoadOptions& options) {
  const int fd = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0) Fail("raw socket");
  FastRandom random(9);
  std::vector<uint8_t> packet(sizeof(ip) + 1'400);
  ip header{};
  header.ip_v = 4;
  header.ip_hl = 5;
  header.ip_len = htons(static_cast<uint16_t>(packet.size()));
  header.ip_off = htons(IP_MF);
  header.ip_ttl = 64;
  header.ip_p = IPPROTO_UDP;
  header.ip_dst = options.to.sin_addr;
  std::memcpy(packet.data() + sizeof(ip) + 2, &options.to.sin_port, 2);
  Pace pace(options.rate);
  while (pace.seconds() < options.seconds) {
    for (size_t due = pace.Due(16); due > 0; --due) {
      const uint64_t number = random.Next();
      header.ip_id = static_cast<uint16_t>(number);
      header.ip_src.s_addr = htonl(options.sources + static_cast<uint32_t>(number >> 44));
      std::memcpy(packet.data(), &header, sizeof header);
      const auto* const to = reinterpret_cast<const sockaddr*>(&options.to);
      if (::sendto(fd, packet.data(), packet.size(), 0, to, sizeof options.to) > 0) pace.Sent(1);
    }
  }
  ::close(fd);
  std::printf("{\"sent\": %llu, \"seconds\": %.6f, \"per_s\": %.1f}\n",
              static_cast<unsigned long long>(pace.sent()), pace.seconds(),
              static_cast<double>(pace.sent()) / pace.seconds());
  return 0;
}

}  // namespace

int RunFlood(const LoadOptions& options) {
  if (options.kind == "fragments") return FloodOfFragments(options);
  return Flood(options).Run();
}

}  // namespace ringwire::bench
