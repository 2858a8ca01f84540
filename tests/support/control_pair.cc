#include "tests/support/control_pair.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/noise/handshake.h"
#include "core/noise/transport.h"
#include "core/wire/messages.h"
#include "crypto/x25519.h"

namespace ringwire {

ControlNode::ControlNode(uint64_t seed, std::string_view address_text, std::string_view inner,
                         const ControlOptions& options)
    : random(seed),
      private_key(crypto::GeneratePrivateKey(random)),
      public_key(crypto::PublicFromPrivate(private_key)),
      control(std::make_unique<ControlPlane>(shared.get(), &random, &counters, options)),
      address(*SocketAddress::Parse(address_text)),
      inner_address(*IpAddress::Parse(inner)) {}

ControlNode::~ControlNode() { control.reset(); }

void ControlNode::Receive(Instant now, const Endpoint& from, const std::vector<uint8_t>& bytes) {
  const std::variant<MessageKind, DropReason> kind = ClassifyMessage(bytes);
  if (!std::holds_alternative<MessageKind>(kind)) return;
  switch (std::get<MessageKind>(kind)) {
    case MessageKind::kInitiation:
    case MessageKind::kResponse: {
      const CookieChecker* const checker = shared->cookie_checker.load();
      if (checker == nullptr || !checker->IsMac1Valid(bytes)) return;
      HandleDatagram(now, from, bytes);
      return;
    }
    case MessageKind::kCookieReply:
      HandleDatagram(now, from, bytes);
      return;
    case MessageKind::kTransport:
      ReceiveTransport(now, from, bytes);
      return;
  }
}

void ControlNode::HandleDatagram(Instant now, const Endpoint& from,
                                 const std::vector<uint8_t>& bytes) {
  HandshakeDatagram datagram;
  CHECK(bytes.size() <= datagram.bytes.size());
  datagram.from = from;
  datagram.size = static_cast<uint16_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), datagram.bytes.begin());
  control->HandleDatagram(now, WallAt(now), datagram, &output_);
  CarryOut(now);
}

void ControlNode::ReceiveTransport(Instant now, const Endpoint& from, std::vector<uint8_t> bytes) {
  const TransportHeader header =
      LoadMessage<TransportHeader>(std::span<const uint8_t>(bytes).first(kTransportHeaderBytes));
  Keypair* const keypair = shared->index_table.Find(LoadLe32(header.receiver_index));
  if (keypair == nullptr || !keypair->CanReceive(now)) return;
  crypto::OpenSegment segment{bytes.data() + kTransportHeaderBytes,
                              bytes.size() - kTransportHeaderBytes, LoadLe64(header.counter),
                              false};
  engine_.OpenRun(keypair->receive_key(), {&segment, 1});
  if (!segment.ok) return;

  PeerSlot& slot = *keypair->peer();
  const bool is_data = bytes.size() > kTransportOverheadBytes;
  slot.receive_bytes.fetch_add(bytes.size());
  uint32_t kinds = 0;
  const Endpoint* const endpoint = slot.endpoint.load();
  if (endpoint == nullptr || *endpoint != from) {
    MutexLock lock(&slot.roam_mutex);
    slot.roamed_to = from;
    kinds |= kEndpointChanged;
  }
  if (keypair->MarkReceived()) kinds |= kKeyConfirmed;
  bool news = slot.activity.AuthenticatedReceived(now);
  if (is_data) {
    ++data_received;
    news = slot.activity.DataReceived(now) || news;
  }
  if (news) kinds |= kActivity;
  if (now >= keypair->rekey_on_receive_at() && keypair->ClaimRekeyOnReceive()) kinds |= kRekeyDue;
  if (kinds != 0) Raise(now, slot, kinds);
}

void ControlNode::Raise(Instant now, PeerSlot& slot, uint32_t kinds) {
  slot.pending_events.fetch_or(kinds);
  control->HandleEvent(now, WallAt(now), DataEvent{slot.id}, &output_);
  CarryOut(now);
}

void ControlNode::RunTimers(Instant now) {
  control->HandleTimeout(now, WallAt(now), &output_);
  CarryOut(now);
}

absl::Status ControlNode::Apply(Instant now, const DeviceUpdate& update) {
  const absl::Status status = control->Apply(now, WallAt(now), update, &output_);
  CarryOut(now);
  return status;
}

void ControlNode::SetLinkUp(Instant now, bool up) {
  control->SetLinkUp(now, WallAt(now), up, &output_);
  CarryOut(now);
}

void ControlNode::Stage(Instant now, PeerSlot& slot, size_t bytes) {
  CHECK(slot.staged.Push(std::vector<uint8_t>(bytes, 0x45)).stored);
  Raise(now, slot, kNeedHandshake);
}

bool ControlNode::SendData(Instant now, PeerSlot& slot, size_t bytes) {
  return SealData(now, slot, std::vector<uint8_t>(bytes, 0x45));
}

bool ControlNode::SealData(Instant now, PeerSlot& slot, const std::vector<uint8_t>& packet) {
  Keypair* const keypair = slot.current.load();
  const Endpoint* const endpoint = slot.endpoint.load();
  if (keypair == nullptr || endpoint == nullptr || !keypair->CanSend(now)) return false;
  const size_t padded = PaddedSize(packet.size(), shared->mtu.load());
  const std::optional<uint64_t> counter = keypair->ReserveCounters(1, padded + kTransportTagBytes);
  if (!counter.has_value()) return false;
  ControlDatagram datagram{*endpoint, 0, std::vector<uint8_t>(padded + kTransportOverheadBytes)};
  StoreTransportHeader(datagram.bytes.data(), keypair->remote_index(), *counter);
  std::copy(packet.begin(), packet.end(), datagram.bytes.begin() + kTransportHeaderBytes);
  const crypto::SealSegment segment{datagram.bytes.data() + kTransportHeaderBytes, padded};
  engine_.SealRun(keypair->send_key(), {&segment, 1}, *counter);
  slot.transmit_bytes.fetch_add(datagram.bytes.size());
  sent.push_back(std::move(datagram));
  (void)slot.activity.AuthenticatedSent(now);
  uint32_t kinds = slot.activity.DataSent(now) ? uint32_t{kActivity} : 0;
  if (now >= keypair->rekey_on_send_at() || keypair->WantsRekeyByUse()) kinds |= kRekeyDue;
  if (kinds != 0) Raise(now, slot, kinds);
  return true;
}

void ControlNode::CarryOut(Instant now) {
  const ControlOutput output = std::exchange(output_, ControlOutput());
  for (const OutgoingDatagram& datagram : output.datagrams) {
    const std::span<const uint8_t> message = datagram.message();
    sent.push_back({datagram.to, datagram.tos, {message.begin(), message.end()}});
  }
  for (const Notice& notice : output.notices) notices.push_back(notice);
  unanswered.insert(unanswered.end(), output.unanswered.begin(), output.unanswered.end());
  for (const FlushStaged& flush : output.flush_staged) {
    std::vector<uint8_t> packet;
    while (flush.peer->staged.Pop(&packet)) (void)SealData(now, *flush.peer, packet);
  }
}

PeerSlot* ControlNode::SlotOf(const ControlNode& other) const {
  return shared->allowed_ips.Lookup(other.inner_address);
}

PeerStatus ControlNode::StatusOf(const ControlNode& other, Instant now) const {
  for (PeerStatus& peer : control->Status(now, WallAt(now)).peers) {
    if (peer.public_key == other.public_key) return std::move(peer);
  }
  return PeerStatus();
}

PeerUpdate ControlNode::AsPeer(bool with_endpoint) const {
  PeerUpdate update;
  update.public_key = public_key;
  if (with_endpoint) update.endpoint = address;
  update.allowed_ips.push_back({Prefix::Of(inner_address, inner_address.Bits())});
  return update;
}

uint64_t ControlNode::DroppedTotal() const {
  uint64_t total = 0;
  for (const Counter& counter : counters.dropped) total += counter.value();
  return total;
}

size_t ControlNode::CountNotices(Notice::Level level) const {
  return static_cast<size_t>(
      std::count_if(notices.begin(), notices.end(),
                    [level](const Notice& notice) { return notice.level == level; }));
}

ControlPair::ControlPair(uint64_t seed, bool b_knows_endpoint, const ControlOptions& options_a,
                         const ControlOptions& options_b)
    : a(seed, "192.0.2.1:51820", "10.0.0.1", options_a),
      b(seed + 1000, "192.0.2.2:51820", "10.0.0.2", options_b) {
  DeviceUpdate update_a;
  update_a.private_key = a.private_key;
  update_a.peers.push_back(b.AsPeer());
  CHECK(a.Apply(now, update_a).ok());
  DeviceUpdate update_b;
  update_b.private_key = b.private_key;
  update_b.peers.push_back(a.AsPeer(b_knows_endpoint));
  CHECK(b.Apply(now, update_b).ok());
  a.SetLinkUp(now, true);
  b.SetLinkUp(now, true);
}

void ControlPair::Deliver() {
  while (!a.sent.empty() || !b.sent.empty()) {
    const bool from_a = !a.sent.empty();
    ControlNode& from = from_a ? a : b;
    ControlNode& to = from_a ? b : a;
    const std::vector<ControlDatagram> batch = std::exchange(from.sent, {});
    for (const ControlDatagram& datagram : batch) {
      wire.push_back({from_a, now, datagram});
      if (filter && !filter(from_a, datagram)) continue;
      if (datagram.to.remote == to.address) to.Receive(now, from.AsSource(), datagram.bytes);
    }
  }
}

void ControlPair::Advance(absl::Duration duration) {
  const Instant end = now + duration;
  Deliver();
  for (;;) {
    const Instant next = std::min(a.control->NextDeadline(), b.control->NextDeadline());
    if (next > end) break;
    now = std::max(now, next);
    if (a.control->NextDeadline() <= now) a.RunTimers(now);
    if (b.control->NextDeadline() <= now) b.RunTimers(now);
    Deliver();
  }
  now = end;
}

ControlDatagram ControlPair::TakeInitiation() {
  a.Stage(now, slot_in_a());
  CHECK(a.sent.size() == 1 && a.sent[0].type() == 1);
  return std::exchange(a.sent, {})[0];
}

void ControlPair::Connect() {
  a.Stage(now, slot_in_a());
  Deliver();
  CHECK(slot_in_a().current.load() != nullptr && slot_in_b().current.load() != nullptr);
}

size_t ControlPair::Count(uint8_t type) const {
  return CountFrom(true, type) + CountFrom(false, type);
}

size_t ControlPair::CountFrom(bool from_a, uint8_t type) const {
  return static_cast<size_t>(std::count_if(wire.begin(), wire.end(), [&](const Seen& seen) {
    return seen.from_a == from_a && seen.datagram.type() == type;
  }));
}

}  // namespace ringwire
