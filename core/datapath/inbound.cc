#include "core/datapath/inbound.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/datapath/ecn.h"
#include "core/datapath/mss_clamp.h"
#include "core/wire/constants.h"
#include "core/wire/ip_packet.h"
#include "core/wire/messages.h"
#include "core/wire/path_probe.h"

namespace ringwire {

Inbound::Inbound(SharedState* shared, WorkerLink* link, crypto::AeadEngine* engine,
                 crypto::Random* random, WorkerCounters* counters, LoadSources* sources,
                 const InboundOptions& options)
    : shared_(shared),
      link_(link),
      engine_(engine),
      counters_(counters),
      gate_(shared, link, random, counters, sources),
      coalescer_(options.coalesce_tcp, options.coalesce_udp) {
  replies_.reserve(kBatchRunsMax);
  to_wire_.reserve(kBatchRunsMax);
}

void Inbound::Process(Instant now, std::span<const ReceivedRun> runs) {
  DCHECK(runs.size() <= kBatchRunsMax);
  coalescer_.Reset();
  replies_.clear();
  to_wire_.clear();
  last_source_ = {};
  for (const ReceivedRun& received : runs) ProcessRun(now, received);
  DeliverHeld(held_count_);
  const std::span<const TunWrite> writes = coalescer_.Finish();
  to_tun_ = TunWriteBatch{writes, coalescer_.pieces()};
}

void Inbound::ProcessRun(Instant now, const ReceivedRun& received) {
  const Run& run = received.run;
  run_has_reply_ = false;
  run_handshakes_ = 0;
  if (received.truncated) {
    counters_->Drop(DropReason::kDatagramTruncated, run.count);
    return;
  }
  if (!shared_->device_up.load(std::memory_order_relaxed)) {
    counters_->Drop(DropReason::kDeviceDown, run.count);
    return;
  }
  for (uint32_t i = 0; i < run.count; ++i) {
    const std::span<uint8_t> message = run.Segment(i);
    const std::variant<MessageKind, DropReason> kind = ClassifyMessage(message);
    if (const DropReason* const reason = std::get_if<DropReason>(&kind)) {
      counters_->Drop(*reason);
    } else if (std::get<MessageKind>(kind) == MessageKind::kTransport) {
      Collect(now, received, message);
    } else {
      ProcessHandshake(now, received, std::get<MessageKind>(kind), message);
    }
  }
  OpenCollected(now, received);
}

// Not inlined: the loop over transport messages keeps its registers.
[[gnu::noinline]] void Inbound::ProcessHandshake(Instant now, const ReceivedRun& received,
                                                 MessageKind kind,
                                                 std::span<const uint8_t> message) {
  if (++run_handshakes_ > kHandshakesPerRunMax) {
    counters_->Drop(DropReason::kSourceRateLimited);
    return;
  }
  const std::optional<CookieReplyMessage> reply =
      gate_.Admit(now, received.from, kind, message, !run_has_reply_);
  if (!reply) return;
  run_has_reply_ = true;
  CookieReplyMessage& stored = replies_.emplace_back(*reply);
  to_wire_.push_back(SendRun{Run::Of({reinterpret_cast<uint8_t*>(&stored), sizeof stored}),
                             received.from, 0, PeerId{}});
  counters_->cookie_replies_sent.Add();
}

void Inbound::Collect(Instant now, const ReceivedRun& received, std::span<uint8_t> message) {
  const uint32_t index = LoadLe32(message.data() + 4);
  // Nearly all messages of a train are of one session.
  Keypair* const keypair = collected_ != 0 && collected_for_->local_index() == index
                               ? collected_for_
                               : shared_->index_table.Find(index);
  if (keypair == nullptr) {
    counters_->Drop(DropReason::kUnknownReceiverIndex);
    return;
  }
  const uint64_t counter = LoadLe64(message.data() + 8);
  if (!keypair->CanReceive(now)) {
    counters_->Drop(DropReason::kKeypairExpired);
    return;
  }
  if (counter >= kRejectAfterMessages) {
    counters_->Drop(DropReason::kCounterLimit);
    return;
  }
  if (keypair != collected_for_ || collected_ == kTrainSegmentsMax) OpenCollected(now, received);
  collected_for_ = keypair;
  open_[collected_++] = crypto::OpenSegment{message.data() + kTransportHeaderBytes,
                                            message.size() - kTransportHeaderBytes, counter, false};
}

void Inbound::OpenCollected(Instant now, const ReceivedRun& received) {
  if (collected_ == 0) return;
  Keypair& keypair = *collected_for_;
  const std::span<crypto::OpenSegment> segments = std::span(open_).first(collected_);
  collected_ = 0;
  engine_->OpenRun(keypair.receive_key(), segments);
  // Only after the tags verify: nobody without the key may move the window (rule 2).
  uint64_t accepted = 0;
  uint64_t accepted_bytes = 0;
  uint64_t late = 0;  // a bit for each segment
  static_assert(kTrainSegmentsMax <= 64);
  {
    MutexLock lock(&keypair.replay_mutex());
    for (size_t i = 0; i < segments.size(); ++i) {
      crypto::OpenSegment& segment = segments[i];
      const uint64_t next = keypair.replay_window().next();
      if (!segment.ok) {
        counters_->Drop(DropReason::kTransportInvalid);
      } else if (!keypair.replay_window().CheckAndSet(segment.counter)) {
        segment.ok = false;
        counters_->Drop(DropReason::kReplay);
      } else {
        if (segment.counter < next) late |= uint64_t{1} << i;
        ++accepted;
        accepted_bytes += segment.size + kTransportHeaderBytes;
      }
    }
  }
  if (accepted == 0) return;
  Authenticated(now, received, keypair, accepted_bytes);
  if (held_count_ + segments.size() > kHeldMax) DeliverHeld(held_count_ - kTrainSegmentsMax);
  const auto path_bytes_max =
      static_cast<uint16_t>(keypair.peer()->path.packet_bytes_max.load(std::memory_order_relaxed));
  bool has_data = false;
  for (size_t i = 0; i < segments.size(); ++i) {
    const crypto::OpenSegment& segment = segments[i];
    if (!segment.ok) continue;
    if (segment.size == crypto::kTagBytes) {
      counters_->keepalives_received.Add();
      continue;
    }
    has_data = true;
    Hold(Opened{&keypair, segment.counter, segment.data,
                static_cast<uint32_t>(segment.size - crypto::kTagBytes), received.tos,
                path_bytes_max},
         (late >> i & 1) != 0);
  }
  if (has_data && keypair.peer()->activity.DataReceived(now))
    link_->Raise(*keypair.peer(), kActivity);
}

void Inbound::Authenticated(Instant now, const ReceivedRun& received, Keypair& keypair,
                            uint64_t bytes) {
  PeerSlot& peer = *keypair.peer();
  peer.receive_bytes.fetch_add(bytes, std::memory_order_relaxed);
  const Endpoint* const endpoint = peer.endpoint.load(std::memory_order_acquire);
  if (endpoint == nullptr || *endpoint != received.from ||
      peer.has_roamed.load(std::memory_order_relaxed)) {
    peer.Roam(received.from);
    link_->Raise(peer, kEndpointChanged);
  }
  if (!keypair.has_received()) {
    // Before the mark: control clears the mark after it has read this.
    if (!keypair.is_initiator()) peer.confirmed_index.store(keypair.local_index());
    if (keypair.MarkReceived()) link_->Raise(peer, kKeyConfirmed);
  }
  if (peer.activity.AuthenticatedReceived(now)) link_->Raise(peer, kActivity);
  if (now >= keypair.rekey_on_receive_at() && keypair.ClaimRekeyOnReceive())
    link_->Raise(peer, kRekeyDue);
}

// The replay window already told which packets are late; most are not.
void Inbound::Hold(const Opened& opened, bool is_late) {
  DCHECK(held_count_ < kHeldMax);
  size_t place = held_count_++;
  if (is_late) {
    for (size_t i = place; i-- > 0;) {
      if (held_[i].keypair != opened.keypair) continue;
      if (held_[i].counter < opened.counter) break;
      held_[place] = held_[i];
      place = i;
    }
  }
  held_[place] = opened;
}

void Inbound::DeliverHeld(size_t count) {
  const std::span<Opened> held = std::span(held_).first(held_count_);
  for (const Opened& opened : held.first(count)) Deliver(opened);
  std::ranges::copy(held.subspan(count), held_.begin());
  held_count_ -= count;
}

const PeerSlot* Inbound::OwnerOf(const IpAddress& source) {
  if (source != last_source_) {
    last_source_ = source;
    last_owner_ = shared_->allowed_ips.Lookup(source);
  }
  return last_owner_;
}

void Inbound::Deliver(const Opened& opened) {
  const std::span<uint8_t> plaintext(opened.data, opened.size);
  if (IpVersionOf(plaintext) == IpFamily::kNone) {
    TakeProbe(opened);
    return;
  }
  const std::optional<IpPacket> ip = ParseIpPacket(plaintext);
  if (!ip) {
    counters_->Drop(DropReason::kInnerBadLength);
    return;
  }
  if (OwnerOf(ip->source) != opened.keypair->peer()) {
    counters_->Drop(DropReason::kSourceNotAllowed);
    return;
  }
  const std::optional<uint8_t> tos = EcnDecapsulate(opened.outer_tos, ip->tos);
  if (!tos) {
    counters_->Drop(DropReason::kEcnInvalid);
    return;
  }
  const std::span<uint8_t> packet = plaintext.first(ip->total_bytes);
  if (*tos != ip->tos) SetTos(packet, *tos);
  // The connection's packets to the peer must fit its path.
  if (opened.path_bytes_max != 0) [[unlikely]]
    ClampMss(packet, *ip, opened.path_bytes_max);
  // Full only if the kernel hands over longer trains than it ever did.
  if (!coalescer_.Add(packet)) counters_->Drop(DropReason::kTunWriteFailed);
}

[[gnu::noinline]] void Inbound::TakeProbe(const Opened& opened) {
  const std::optional<PathProbe> probe = ParsePathProbe({opened.data, opened.size});
  if (!probe) {
    counters_->Drop(DropReason::kInnerNotIp);
    return;
  }
  counters_->path_probes_received.Add();
  PeerSlot& peer = *opened.keypair->peer();
  PeerPath::Note(probe->is_answer ? &peer.path.answer : &peer.path.probe, probe->id, probe->bytes);
  link_->Raise(peer, probe->is_answer ? kPathAnswer : kPathProbe);
}

}  // namespace ringwire
