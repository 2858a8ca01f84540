#include "tests/support/pair.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace ringwire {

Pair::Pair(const Options& options)
    : address_a(
          *SocketAddress::Parse(options.outer_v6 ? "[2001:db8::1]:51820" : "192.0.2.1:51820")),
      address_b(
          *SocketAddress::Parse(options.outer_v6 ? "[2001:db8::2]:51820" : "192.0.2.2:51820")),
      options_(options),
      a_(std::make_unique<Node>(options.seed * 2, options.inbound,
                                ControlOptions{options.a_has_aes}, options.aead_providers)),
      b_(std::make_unique<Node>(options.seed * 2 + 1, options.inbound,
                                ControlOptions{options.b_has_aes, options.b_answers_probes},
                                options.aead_providers)) {
  for (Node* node : {b_.get(), a_.get()}) {
    node->Start(now_);
    DeviceUpdate update;
    update.peers.push_back(PeerAsSeenBy(*node));
    CHECK(node->Apply(now_, update).ok());
  }
}

PeerUpdate Pair::PeerAsSeenBy(const Node& self) const {
  const bool self_is_a = &self == a_.get();
  PeerUpdate peer;
  peer.public_key = self_is_a ? b_->public_key() : a_->public_key();
  if (options_.preshared_key) {
    crypto::PresharedKey psk;
    std::ranges::fill(psk.bytes(), uint8_t{0x5a});
    peer.preshared_key = psk;
  }
  if (self_is_a ? options_.a_knows_endpoint : options_.b_knows_endpoint) {
    peer.endpoint = self_is_a ? address_b : address_a;
  }
  if (self_is_a && options_.keepalive_a != 0)
    peer.persistent_keepalive_seconds = options_.keepalive_a;
  const uint8_t host = self_is_a ? 2 : 1;
  peer.allowed_ips.push_back({Prefix::Of(TestAddress(IpFamily::kV4, host), 32), false});
  peer.allowed_ips.push_back({Prefix::Of(TestAddress(IpFamily::kV6, host), 128), false});
  return peer;
}

Bytes Pair::PacketFromA(size_t payload_bytes, IpFamily family) {
  return BuildPacket({.family = family, .payload_bytes = payload_bytes});
}

Bytes Pair::PacketFromB(size_t payload_bytes, IpFamily family) {
  return BuildPacket({.family = family,
                      .source = TestAddress(family, 2),
                      .destination = TestAddress(family, 1),
                      .payload_bytes = payload_bytes});
}

bool Pair::SendFromA(size_t payload_bytes, IpFamily family) {
  return Send(*a_, *b_, PacketFromA(payload_bytes, family));
}

bool Pair::SendFromB(size_t payload_bytes, IpFamily family) {
  return Send(*b_, *a_, PacketFromB(payload_bytes, family));
}

bool Pair::Send(Node& from, Node& to, const Bytes& packet) {
  to.TakeDelivered();
  from.FromTun(now_, packet);
  Deliver();
  const std::vector<std::vector<uint8_t>> delivered = to.TakeDelivered();
  return std::ranges::find(delivered, packet) != delivered.end();
}

void Pair::Deliver() {
  // An endless exchange of messages would be a bug, and must not hang the test.
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::pair<bool, Datagram>> moving;
    for (Datagram& datagram : a_->TakeDatagrams()) moving.emplace_back(true, std::move(datagram));
    for (Datagram& datagram : b_->TakeDatagrams()) moving.emplace_back(false, std::move(datagram));
    if (moving.empty()) return;
    for (auto& [from_a, datagram] : moving) {
      wiretap_.push_back({from_a, now_, datagram});
      if (filter_ && !filter_(from_a, &datagram)) continue;
      // Sent to an old address of the other: lost.
      if (datagram.to.remote != (from_a ? address_b : address_a)) continue;
      Node& to = from_a ? *b_ : *a_;
      to.FromWire(now_, from_a ? FromA() : FromB(), datagram.bytes, 0, datagram.tos);
    }
  }
  CHECK(false && "the nodes never fell silent");
}

void Pair::Advance(absl::Duration duration) {
  const Instant end = now_ + duration;
  Deliver();  // datagrams sent before time passes
  // As in Deliver(): a deadline that never passes must not hang the test.
  for (int turns_at_once = 0; turns_at_once < 1'000; ++turns_at_once) {
    const Instant next = std::max(now_, std::min({end, a_->NextDeadline(), b_->NextDeadline()}));
    if (next > now_) turns_at_once = 0;
    now_ = next;
    a_->RunControl(now_);
    b_->RunControl(now_);
    Deliver();
    if (now_ >= end) return;
  }
  CHECK(false && "a deadline is due for ever");
}

void Pair::Suspend(absl::Duration duration) { now_ = now_ + duration; }

void Pair::Restart(std::unique_ptr<Node>* node, bool with_stamps) {
  const crypto::PrivateKey key = (*node)->private_key();
  const absl::Time wall_at_boot = (*node)->WallAt(Instant());
  const std::vector<HandshakeStamp> stamps = (*node)->control().TakeStampChanges(true).raised;
  // Other random numbers than before the restart.
  const bool has_aes = node == &a_ ? options_.a_has_aes : options_.b_has_aes;
  *node = std::make_unique<Node>(options_.seed * 2 + ++restarts_ * 1'000'003, options_.inbound,
                                 ControlOptions{has_aes});
  (*node)->set_private_key(key);
  (*node)->set_wall_at_boot(wall_at_boot);
  if (with_stamps) (*node)->control().RestoreStamps(now_, stamps);
  (*node)->Start(now_);
  DeviceUpdate update;
  update.peers.push_back(PeerAsSeenBy(**node));
  CHECK((*node)->Apply(now_, update).ok());
}

size_t Pair::CountOnWire(uint8_t message_type) const {
  return static_cast<size_t>(std::ranges::count_if(
      wiretap_, [&](const Seen& seen) { return seen.type() == message_type; }));
}

std::optional<Pair::Seen> Pair::LastOnWire(uint8_t message_type) const {
  for (auto seen = wiretap_.rbegin(); seen != wiretap_.rend(); ++seen) {
    if (seen->type() == message_type) return *seen;
  }
  return std::nullopt;
}

}  // namespace ringwire
