#include "tests/sim/wiretap.h"

#include <string_view>

#include "core/base/endian.h"
#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "fmt/format.h"
#include "tests/sim/packets.h"

namespace ringwire {

void Wiretap::Record(Instant now, const Sender& from, const Datagram& datagram) {
  ++count_;
  last_at_ = now;
  uint8_t head[16];
  StoreLe64(head, static_cast<uint64_t>(now.nanoseconds()));
  StoreLe64(head + 8, from.host);
  Hash(head);
  Hash(datagram.to.remote.address.bytes);
  Hash(datagram.bytes);

  CheckShape(datagram);
  if (datagram.bytes.size() < 32) return;
  const Peer peer{from, datagram.peer.index, datagram.peer.generation};
  switch (datagram.bytes[0]) {
    case kMessageInitiation:
      RecordInitiation(now, peer);
      break;
    case kMessageResponse:
      RecordResponse(now, from, peer, datagram);
      break;
    case kMessageTransport:
      RecordTransport(now, from, datagram);
      break;
    default:
      break;
  }
}

void Wiretap::CheckShape(const Datagram& datagram) {
  const std::vector<uint8_t>& bytes = datagram.bytes;
  const uint32_t type = bytes.size() < 4 ? 0 : LoadLe32(bytes.data());  // reserved bytes included
  bool fits = false;
  uint8_t tos = 0;
  switch (type) {
    case kMessageInitiation:
      fits = bytes.size() == sizeof(InitiationMessage);
      tos = kHandshakeTos;
      break;
    case kMessageResponse:
      fits = bytes.size() == sizeof(ResponseMessage);
      tos = kHandshakeTos;
      break;
    case kMessageCookieReply:
      fits = bytes.size() == sizeof(CookieReplyMessage);
      break;
    case kMessageTransport:
      // Padding ends at the MTU, which is not a multiple of 16.
      fits = bytes.size() >= kTransportOverheadBytes;
      break;
    default:
      break;
  }
  if (!fits || datagram.tos != tos) {
    violations_->Add(fmt::format("a datagram of type {:#x}, {} bytes and TOS {:#x} was sent", type,
                                 bytes.size(), datagram.tos));
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.find(kPacketMarker) != std::string_view::npos) violations_->Add("plaintext on the wire");
}

void Wiretap::RecordInitiation(Instant now, const Peer& peer) {
  ++initiations_;
  Instant& not_before = initiate_not_before_[peer];
  if (now < not_before) {
    violations_->Add(fmt::format("host {} initiated {} too early (rules 7 and 17)",
                                 std::get<0>(peer).host, absl::FormatDuration(not_before - now)));
  }
  not_before = now + kRekeyTimeout;
}

void Wiretap::RecordResponse(Instant now, const Sender& from, const Peer& peer,
                             const Datagram& datagram) {
  const uint32_t index = LoadLe32(datagram.bytes.data() + 4);
  const uint32_t initiators = LoadLe32(datagram.bytes.data() + 8);
  if (!answers_.emplace(initiators, Session{from.host, index}).second) {
    violations_->Add(fmt::format("host {} answered one initiation twice (rule 14)", from.host));
  }
  initiator_index_.emplace(index, initiators);
  since_[{from.host, index}] = now;
  initiate_not_before_[peer] = now + kRekeyTimeout;
}

void Wiretap::RecordTransport(Instant now, const Sender& from, const Datagram& datagram) {
  const uint32_t receiver = LoadLe32(datagram.bytes.data() + 4);
  const uint64_t counter = LoadLe64(datagram.bytes.data() + 8);
  if (!nonces_.emplace(from.host, receiver, counter).second) {
    violations_->Add(fmt::format("host {} used counter {} twice", from.host, counter));
  }
  Session own;
  if (const auto initiated = initiator_index_.find(receiver); initiated != initiator_index_.end()) {
    // The initiator's session begins with its confirmation, which it sends at once.
    own = {from.host, initiated->second};
    since_.emplace(own, now);
  } else if (const auto answered = answers_.find(receiver); answered != answers_.end()) {
    own = answered->second;
  } else {
    violations_->Add(fmt::format("host {} sent to an index that nobody announced", from.host));
    return;
  }
  if (now - since_.at(own) >= kRejectAfterTime) {
    violations_->Add(fmt::format("host {} sealed under a key of {} (rule 8)", from.host,
                                 absl::FormatDuration(now - since_.at(own))));
  }
}

void Wiretap::AllowInitiations(const Sender& host) {
  for (auto& [peer, not_before] : initiate_not_before_) {
    if (std::get<0>(peer) == host) not_before = Instant();
  }
}

void Wiretap::CheckOpened(Instant now, size_t host, std::span<const uint8_t> message) {
  const auto since = since_.find({host, LoadLe32(message.data() + 4)});
  if (since == since_.end()) {
    violations_->Add(fmt::format("host {} opened a message outside any session", host));
  } else if (now - since->second >= kRejectAfterTime) {
    violations_->Add(fmt::format("host {} opened a message under a key of {} (rule 8)", host,
                                 absl::FormatDuration(now - since->second)));
  }
}

// FNV-1a: enough to distinguish two runs, without a dependency.
void Wiretap::Hash(std::span<const uint8_t> bytes) {
  for (const uint8_t byte : bytes) hash_ = (hash_ ^ byte) * 0x100000001b3;
}

}  // namespace ringwire
