#include "tests/sim/checkers.h"

#include <algorithm>
#include <optional>

#include "core/base/endian.h"
#include "core/base/limits.h"
#include "core/wire/messages.h"
#include "fmt/format.h"
#include "tests/sim/packets.h"

namespace ringwire {
namespace {

constexpr size_t kKeptMax = 5;
// The three sessions of a peer and the initiation under way.
constexpr size_t kIndicesPerPeerMax = 4;

}  // namespace

void Violations::Add(std::string text) {
  if (++count_ > kKeptMax) return;
  first_.push_back(fmt::format("at {}: {}", absl::FormatDuration(*now_ - Instant()), text));
}

std::string Violations::ToString() const {
  std::string text;
  for (const std::string& one : first_) text += one + "\n";
  if (count_ > kKeptMax) text += fmt::format("and {} more\n", count_ - kKeptMax);
  return text;
}

void DeliveryChecker::Sent(Instant now, size_t to_host, Bytes packet) {
  packets_.push_back({now, to_host, std::move(packet), 0});
}

void DeliveryChecker::Delivered(Instant /*now*/, size_t host, const Bytes& packet) {
  ++delivered_count_;
  const std::optional<uint64_t> id = MarkedPacketId(packet);
  if (!id.has_value() || *id >= packets_.size()) {
    violations_->Add(fmt::format("host {} was given a packet that nobody sent", host));
    return;
  }
  Packet& sent = packets_[*id];
  if (sent.to_host != host) violations_->Add(fmt::format("packet {} reached host {}", *id, host));
  if (sent.bytes != packet) violations_->Add(fmt::format("packet {} was changed", *id));
  if (++sent.delivered > 1) violations_->Add(fmt::format("packet {} was delivered twice", *id));
}

void DeliveryChecker::CheckAllDelivered(Instant from, Instant until) {
  for (size_t id = 0; id < packets_.size(); ++id) {
    const Packet& packet = packets_[id];
    if (packet.sent_at < from || packet.sent_at >= until || packet.delivered > 0) continue;
    violations_->Add(
        fmt::format("packet {} to host {}, sent at {} over a link that had healed, is missing", id,
                    packet.to_host, absl::FormatDuration(packet.sent_at - Instant())));
  }
}

void ConservationChecker::CountDatagramOut(const Datagram& datagram) {
  if (datagram.bytes[0] == kMessageTransport && datagram.bytes.size() > kTransportOverheadBytes)
    ++data_out_;
}

void ConservationChecker::Check(Node& node, size_t peer_count, Violations* violations) const {
  const WorkerCounters& worker = node.counters();
  uint64_t dropped = node.Dropped(DropReason::kStagedAbandoned);  // control's doing
  for (size_t i = 0; i < kDropReasonCount; ++i)
    dropped += worker.Dropped(static_cast<DropReason>(i));
  const uint64_t accounted = data_out_ + delivered_ - worker.icmp_errors_sent.value() +
                             worker.keepalives_received.value() +
                             worker.path_probes_received.value() +
                             worker.to_control_segments.value() + dropped -
                             node.control_counters().path_probes_sent.value();
  const bool is_staged_empty = node.shared().staged_pool.used() == 0;
  if (accounted > in_ || in_ - accounted > peer_count * kStagedPacketsPerPeerMax ||
      (in_ == accounted) != is_staged_empty) {
    violations->Add(fmt::format("{} packets went in, {} are accounted for, and {} bytes are staged",
                                in_, accounted, node.shared().staged_pool.used()));
  }
}

std::optional<crypto::AeadSuite> CheckSameSuite(Node& sender, Node& receiver,
                                                std::span<const uint8_t> message,
                                                Violations* violations) {
  if (message.size() < kTransportOverheadBytes || message[0] != kMessageTransport) {
    return std::nullopt;
  }
  const uint32_t index = LoadLe32(message.data() + 4);
  const Keypair* const theirs = receiver.shared().index_table.Find(index);
  if (theirs == nullptr) return std::nullopt;
  const Keypair* const ours = sender.shared().index_table.Find(theirs->remote_index());
  if (ours == nullptr || ours->remote_index() != index) return std::nullopt;
  if (ours->suite() != theirs->suite()) {
    violations->Add(fmt::format("keypairs {} and {} of one session differ in suite",
                                ours->local_index(), index));
  }
  return theirs->suite();
}

void CheckBounds(Node& node, size_t peer_count, Violations* violations) {
  const size_t indices = node.shared().index_table.reserved_count();
  if (indices > peer_count * kIndicesPerPeerMax) {
    violations->Add(fmt::format("{} indices are held for {} peers", indices, peer_count));
  }
}

void CheckIdle(Node& node, Violations* violations) {
  const size_t indices = node.shared().index_table.reserved_count();
  const size_t staged = node.shared().staged_pool.used();
  if (indices != 0 || staged != 0 || !node.NextDeadline().IsInfiniteFuture()) {
    violations->Add(
        fmt::format("an idle host holds {} indices and {} staged bytes, and wakes in {}", indices,
                    staged, absl::FormatDuration(node.NextDeadline() - Instant())));
  }
}

}  // namespace ringwire
