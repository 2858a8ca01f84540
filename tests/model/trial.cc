#include "tests/model/trial.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/wire/messages.h"
#include "fmt/format.h"
#include "tests/model/far_end.h"
#include "tests/model/gateway_model.h"
#include "tests/support/node.h"
#include "tests/support/packet_builder.h"

namespace ringwire::model {
namespace {

using Kind = Operation::Kind;
constexpr std::string_view kNames[] = {"advance", "local packet", "initiate",      "respond",
                                       "cookie",  "data",         "keepalive",     "replay",
                                       "roam",    "garbage",      "add peer",      "remove peer",
                                       "set psk", "set endpoint", "set keepalive", "link"};
const SocketAddress kGateway = *SocketAddress::Parse("192.0.2.1:51820");
constexpr uint8_t kInsideFirst = 10;  // peer 1 is 10.0.0.11 inside
constexpr size_t kNumberOffset = 28;  // behind the headers of IPv4 and UDP

// Gateway, model and far ends, and the wire between them.
class Trial {
 public:
  explicit Trial(uint64_t seed);
  void Do(const Operation& operation);
  std::string violation() const { return model_.violation(); }
  const std::map<std::string, int>& coverage() const { return model_.coverage(); }

 private:
  struct Peer {
    std::unique_ptr<FarEnd> far;
    SocketAddress address;
    crypto::PresharedKey psk;
    Bytes last_initiation{};  // of the gateway
    int initiations = 0;
    std::vector<Mail> mails{};  // that it has sent
  };
  Peer& Of(int peer) { return peers_[static_cast<size_t>(peer) - 1]; }
  static SocketAddress AddressOf(int peer, uint32_t number);

  void Advance(absl::Duration duration);
  void Send(int peer, Mail mail);
  void Deliver(int peer, const Mail& mail);
  void LocalPacket(int peer);
  void Data(int peer, uint32_t a);
  void Initiate(const Operation& operation);
  void Configure(const Operation& operation);
  PeerUpdate UpdateOf(int peer) const;
  void Apply(PeerUpdate update);
  // Tells the model what the gateway has done since.
  void Observe();
  void ObserveDatagram(const Datagram& datagram);
  void ObserveTransport(int peer, const Datagram& datagram);
  int OwnerOf(const Datagram& datagram) const;
  static Bytes Numbered(const IpAddress& from, const IpAddress& to, int number);

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  GatewayModel model_;
  Node gateway_;
  std::array<Peer, kPeers> peers_;
  int packets_ = 0;
  int64_t stamps_ = 0;
};

Trial::Trial(uint64_t seed) : gateway_(seed) {
  gateway_.Start(now_);
  for (int peer = 1; peer <= kPeers; ++peer) {
    Of(peer).far = std::make_unique<FarEnd>(seed * 10 + static_cast<uint64_t>(peer), peer,
                                            gateway_.public_key());
    Of(peer).address = AddressOf(peer, 0);
  }
}

SocketAddress Trial::AddressOf(int peer, uint32_t number) {
  return *SocketAddress::Parse(
      fmt::format("192.0.2.{}:{}", 10 * peer + static_cast<int>(number % 3), 40000 + number % 2));
}

Bytes Trial::Numbered(const IpAddress& from, const IpAddress& to, int number) {
  Bytes packet = BuildPacket({.source = from, .destination = to, .payload_bytes = 32});
  StoreBe32(packet.data() + kNumberOffset, static_cast<uint32_t>(number));
  FixTransportChecksum(packet);
  return packet;
}

void Trial::Do(const Operation& operation) {
  const int peer = operation.peer;
  Peer& of = Of(peer);
  if (operation.kind != Kind::kAdvance && model_.IsUnsure(now_, peer)) return;
  switch (operation.kind) {
    case Kind::kAdvance:
      return Advance(absl::Milliseconds(operation.a));
    case Kind::kLocalPacket:
      return LocalPacket(peer);
    case Kind::kInitiate:
      return Initiate(operation);
    case Kind::kRespond:
      if (of.last_initiation.empty()) return;
      if (std::optional<Mail> mail = of.far->Respond(now_, of.last_initiation, of.initiations)) {
        Send(peer, std::move(*mail));
      }
      return;
    case Kind::kCookie:
      if (of.last_initiation.empty()) return;
      return Send(peer, of.far->CookieReply(of.last_initiation, of.initiations, kGateway));
    case Kind::kData:
      return Data(peer, operation.a);
    case Kind::kKeepalive:
      if (of.far->session_count() == 0) return;
      return Send(peer, of.far->Data(of.far->session_count(), {}, 0));
    case Kind::kReplay:
      if (of.mails.empty()) return;
      return Deliver(
          peer,
          of.mails[of.mails.size() - 1 - operation.a % std::min<size_t>(of.mails.size(), 20)]);
    case Kind::kRoam:
      of.address = AddressOf(peer, operation.a);
      return;
    case Kind::kGarbage: {
      Bytes bytes(operation.a % 200);
      SeededRandom(operation.a).Fill(bytes);
      if (!bytes.empty()) gateway_.FromWire(now_, Endpoint{of.address, kGateway.address, 0}, bytes);
      return Observe();
    }
    case Kind::kAddPeer:
    case Kind::kRemovePeer:
    case Kind::kSetPsk:
    case Kind::kSetEndpoint:
    case Kind::kSetKeepalive:
    case Kind::kLink:
      return Configure(operation);
  }
}

// Stops at every deadline of the gateway.
void Trial::Advance(absl::Duration duration) {
  const Instant end = now_ + duration;
  while (now_ < end && model_.violation().empty()) {
    const Instant before = now_;
    now_ = std::max(now_, std::min(end, gateway_.NextDeadline()));
    if (now_ == before) now_ = now_ + absl::Nanoseconds(1);
    gateway_.RunControl(now_);
    Observe();
  }
}

void Trial::Send(int peer, Mail mail) {
  Of(peer).mails.push_back(mail);
  Deliver(peer, mail);
}

void Trial::Deliver(int peer, const Mail& mail) {
  const SocketAddress from = Of(peer).address;
  model_.Receive(now_, mail, from);
  gateway_.FromWire(now_, Endpoint{from, kGateway.address, 0}, mail.bytes);
  Observe();
}

void Trial::LocalPacket(int peer) {
  if (!model_.link_up()) return;  // the kernel gives none
  const int number = ++packets_;
  model_.LocalPacket(now_, peer, number);
  gateway_.FromTun(
      now_,
      Numbered(TestAddress(IpFamily::kV4, 1),
               TestAddress(IpFamily::kV4, static_cast<uint8_t>(kInsideFirst + peer)), number));
  Observe();
}

void Trial::Data(int peer, uint32_t a) {
  FarEnd& far = *Of(peer).far;
  if (far.session_count() == 0) return;
  const int session = std::max(1, far.session_count() - static_cast<int>(a % 8 == 0 ? 1 : 0));
  const bool is_allowed = a % 16 != 1;
  const int number = ++packets_;
  const auto host = static_cast<uint8_t>(kInsideFirst + peer + (is_allowed ? 0 : 50));
  const Bytes packet =
      Numbered(TestAddress(IpFamily::kV4, host), TestAddress(IpFamily::kV4, 1), number);
  Send(peer, far.Data(session, packet, is_allowed ? number : 0));
}

void Trial::Initiate(const Operation& operation) {
  // Stamps differ by more than the rounding of real ones, 17 ms.
  const int64_t stamp = operation.a % 4 == 1 ? std::max<int64_t>(0, stamps_ - 2) : ++stamps_;
  const Tai64n time = Tai64n::From(absl::FromUnixSeconds(1'800'000'000 + stamp));
  Send(operation.peer, Of(operation.peer).far->Initiation(now_, time));
}

PeerUpdate Trial::UpdateOf(int peer) const {
  PeerUpdate update;
  update.public_key = peers_[static_cast<size_t>(peer) - 1].far->public_key();
  return update;
}

void Trial::Apply(PeerUpdate update) {
  DeviceUpdate whole;
  whole.peers.push_back(std::move(update));
  CHECK(gateway_.Apply(now_, whole).ok());
  Observe();
}

void Trial::Configure(const Operation& operation) {
  const int peer = operation.peer;
  Peer& of = Of(peer);
  PeerUpdate update = UpdateOf(peer);
  if (operation.kind == Kind::kLink) {
    const bool up = operation.a % 3 != 0;
    model_.SetLinkUp(now_, up);
    gateway_.SetLinkUp(now_, up);
    return Observe();
  }
  if (operation.kind == Kind::kAddPeer) {
    if (model_.present(peer)) return;
    const auto host = static_cast<uint8_t>(kInsideFirst + peer);
    update.allowed_ips.push_back({Prefix::Of(TestAddress(IpFamily::kV4, host), 32), false});
    const int keepalive = operation.a % 4 == 0 ? 25 : 0;
    update.persistent_keepalive_seconds = static_cast<uint16_t>(keepalive);
    if (operation.a % 2 == 0) update.endpoint = of.address;
    update.preshared_key = of.psk;
    model_.AddPeer(now_, peer, update.endpoint, keepalive);
    model_.SetPsk(peer, of.psk);
    return Apply(std::move(update));
  }
  update.update_only = operation.kind != Kind::kRemovePeer;
  if (operation.kind == Kind::kRemovePeer) {
    update.remove = true;
    model_.RemovePeer(peer);
  } else if (operation.kind == Kind::kSetPsk) {
    of.psk.bytes()[0] = static_cast<uint8_t>(operation.a);
    if (operation.a % 4 != 1) of.far->set_psk(of.psk);
    update.preshared_key = of.psk;
    model_.SetPsk(peer, of.psk);
  } else if (operation.kind == Kind::kSetEndpoint) {
    update.endpoint = of.address;
    model_.SetEndpoint(peer, of.address);
  } else {
    const int seconds = operation.a % 2 == 0 ? 0 : 5 + static_cast<int>(operation.a % 60);
    update.persistent_keepalive_seconds = static_cast<uint16_t>(seconds);
    model_.SetKeepalive(now_, peer, seconds);
  }
  Apply(std::move(update));
}

void Trial::Observe() {
  for (const Datagram& datagram : gateway_.TakeDatagrams()) ObserveDatagram(datagram);
  for (const Bytes& packet : gateway_.TakeDelivered()) {
    if (packet.size() < kNumberOffset + 4 || packet[9] != 17) continue;  // ICMP to the sender
    model_.Delivered(static_cast<int>(LoadBe32(packet.data() + kNumberOffset)));
  }
  (void)gateway_.TakeNotices();
  model_.CheckDue(now_);
}

int Trial::OwnerOf(const Datagram& datagram) const {
  for (int peer = 1; peer <= kPeers; ++peer) {
    const uint8_t third = datagram.to.remote.address.bytes[3];
    if (third / 10 == peer) return peer;
  }
  return 0;
}

void Trial::ObserveDatagram(const Datagram& datagram) {
  const int peer = OwnerOf(datagram);
  CHECK(peer != 0);
  Peer& of = Of(peer);
  switch (LoadLe32(datagram.bytes.data())) {
    case kMessageInitiation:
      of.last_initiation = datagram.bytes;
      ++of.initiations;
      model_.SentInitiation(now_, peer, datagram.to.remote,
                            of.far->HasCookie(datagram.bytes, kGateway));
      return;
    case kMessageResponse: {
      const std::optional<bool> cookie = of.far->HasCookie(datagram.bytes, kGateway);
      model_.SentResponse(now_, peer, datagram.to.remote, of.far->TakeResponse(datagram.bytes),
                          cookie);
      return;
    }
    default:
      ObserveTransport(peer, datagram);
  }
}

void Trial::ObserveTransport(int peer, const Datagram& datagram) {
  int session = 0;
  uint64_t counter = 0;
  Bytes plaintext;
  if (!Of(peer).far->Open(datagram.bytes, &session, &counter, &plaintext)) session = 0;
  const int packet = plaintext.size() < kNumberOffset + 4
                         ? 0
                         : static_cast<int>(LoadBe32(plaintext.data() + kNumberOffset));
  model_.SentData(now_, peer, datagram.to.remote, session, counter, packet);
}

// Mostly traffic, sometimes time, rarely changes.
Operation RandomOperation(SeededRandom& random) {
  static constexpr std::pair<int, Kind> kChances[] = {
      {22, Kind::kAdvance},  {18, Kind::kLocalPacket}, {9, Kind::kInitiate},
      {14, Kind::kRespond},  {2, Kind::kCookie},       {14, Kind::kData},
      {3, Kind::kKeepalive}, {5, Kind::kReplay},       {3, Kind::kRoam},
      {1, Kind::kGarbage},   {2, Kind::kAddPeer},      {1, Kind::kRemovePeer},
      {2, Kind::kSetPsk},    {1, Kind::kSetEndpoint},  {2, Kind::kSetKeepalive},
      {1, Kind::kLink}};
  Operation operation;
  uint64_t dice = random.Below(100);
  for (const auto& [chance, kind] : kChances) {
    operation.kind = kind;
    if (dice < static_cast<uint64_t>(chance)) break;
    dice -= static_cast<uint64_t>(chance);
  }
  operation.peer = 1 + static_cast<int>(random.Below(kPeers));
  operation.a = static_cast<uint32_t>(random.Next());
  if (operation.kind == Kind::kAdvance) {
    static constexpr uint32_t kMost[] = {30, 2'000, 12'000, 40'000, 200'000};
    operation.a %= kMost[std::min<uint64_t>(4, random.Below(6))];
  }
  return operation;
}

}  // namespace

std::string ToText(const Operation& operation) {
  return fmt::format("{} peer {} {}", kNames[static_cast<size_t>(operation.kind)], operation.peer,
                     operation.a);
}

std::vector<Operation> RandomOperations(uint64_t seed, size_t count) {
  SeededRandom random(seed);
  std::vector<Operation> operations;
  for (int peer = 1; peer <= kPeers; ++peer) {
    operations.push_back({Kind::kAddPeer, peer, static_cast<uint32_t>(random.Next())});
  }
  while (operations.size() < count) operations.push_back(RandomOperation(random));
  return operations;
}

TrialResult RunTrial(uint64_t seed, const std::vector<Operation>& operations) {
  Trial trial(seed);
  TrialResult result;
  for (const Operation& operation : operations) {
    trial.Do(operation);
    ++result.operations;
    result.violation = trial.violation();
    if (!result.violation.empty()) break;
  }
  result.coverage = trial.coverage();
  return result;
}

std::vector<Operation> Shrink(uint64_t seed, std::vector<Operation> operations) {
  for (size_t part = operations.size() / 2; part > 0; part /= 2) {
    for (size_t at = 0; at + part <= operations.size();) {
      std::vector<Operation> fewer(operations.begin(),
                                   operations.begin() + static_cast<ptrdiff_t>(at));
      fewer.insert(fewer.end(), operations.begin() + static_cast<ptrdiff_t>(at + part),
                   operations.end());
      if (RunTrial(seed, fewer).violation.empty()) {
        at += part;
      } else {
        operations = std::move(fewer);
      }
    }
  }
  return operations;
}

}  // namespace ringwire::model
