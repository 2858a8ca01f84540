#include "core/datapath/outbound.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/datapath/ecn.h"
#include "core/datapath/ipv4_fragments.h"
#include "core/datapath/mss_clamp.h"
#include "core/datapath/transport_header.h"
#include "core/noise/transport.h"
#include "core/wire/messages.h"

namespace ringwire {
namespace {

// Every limit is compared with this: padding can lift a packet over one that its own size keeps.
uint32_t SealedBytes(size_t packet_bytes, uint32_t mtu) {
  return static_cast<uint32_t>(PaddedSize(packet_bytes, mtu) + kTransportOverheadBytes);
}

// The largest packet that one datagram carries.
uint32_t LargestPacket(uint32_t mtu) {
  uint32_t bytes = kTrainBytesMax - kTransportOverheadBytes;
  while (SealedBytes(bytes, mtu) > kTrainBytesMax) --bytes;  // at most 15 times
  return bytes;
}

// FlushStaged() comes to an end: an empty arena takes any message.
static_assert(kTrainBytesMax <= kTrainArenaBytes);

// How many messages of this size a train takes: one or more, as Forward() and FlushStaged() let
// nothing larger through.
uint32_t LongestTrain(uint32_t sealed_bytes) {
  DCHECK(sealed_bytes > 0 && sealed_bytes <= kTrainBytesMax);
  return std::min<uint32_t>(kTrainSegmentsMax, kTrainBytesMax / sealed_bytes);
}

// How many of them it takes such that `count` become trains of nearly equal length: 47 as 24 + 23
// rather than 45 + 2, since a send costs the kernel about the same for two messages as for twenty.
uint32_t BalancedTrain(uint32_t count, uint32_t sealed_bytes) {
  const uint32_t fits = LongestTrain(sealed_bytes);
  const uint32_t trains = (count + fits - 1) / fits;
  return (count + trains - 1) / trains;
}

// The payload of a UDP datagram from one port to another, as far as this packet has it; empty for
// anything else, and for all but the first fragment.
std::span<const uint8_t> UdpPayload(std::span<const uint8_t> packet, const IpPacket& ip,
                                    uint16_t from_port, uint16_t to_port) {
  const std::optional<IpPayload> payload = FindIpPayload(packet, ip);
  if (!payload || payload->protocol != kProtocolUdp || !payload->is_first_fragment) return {};
  const std::span<const uint8_t> udp = packet.subspan(payload->offset);
  if (udp.size() < kUdpHeaderBytes) return {};
  if (LoadBe16(udp.data()) != from_port || LoadBe16(udp.data() + 2) != to_port) return {};
  return udp.subspan(kUdpHeaderBytes);
}

}  // namespace

Outbound::Outbound(SharedState* shared, WorkerLink* link, crypto::AeadEngine* engine,
                   WorkerCounters* counters)
    : shared_(shared),
      link_(link),
      engine_(engine),
      counters_(counters),
      arena_(new uint8_t[kTrainArenaBytes]),
      icmp_bytes_(new uint8_t[kIcmpErrorsMax * (kVnetHeaderBytes + kIcmpErrorBytesMax)]) {
  // A train holds at least one message, and a keepalive is the smallest.
  to_wire_.reserve(kTrainArenaBytes / kTransportOverheadBytes);
  icmp_writes_.reserve(kIcmpErrorsMax);
  icmp_pieces_.reserve(kIcmpErrorsMax);
  staging_.reserve(kTunPacketBytesMax);
  fragment_.reserve(kTunPacketBytesMax);
}

void Outbound::Reset() {
  DCHECK(!has_open_train_);
  DCHECK(arena_promised_ == 0);
  arena_used_ = 0;
  to_wire_.clear();
  icmp_writes_.clear();
  icmp_pieces_.clear();
}

size_t Outbound::Process(Instant now, std::span<const TunFrame> frames) {
  mtu_ = shared_->mtu.load(std::memory_order_relaxed);
  last_ = {};
  size_t taken = 0;
  while (taken < frames.size() && ProcessFrame(now, frames[taken].bytes)) ++taken;
  FlushAll(now);
  return taken;
}

bool Outbound::ProcessFrame(Instant now, std::span<uint8_t> bytes) {
  if (bytes.size() <= kVnetHeaderBytes) {
    counters_->Drop(DropReason::kTunFrameMalformed);
    return true;
  }
  const VnetHeader vnet = VnetHeader::Load(bytes.first<kVnetHeaderBytes>());
  std::span<uint8_t> packet = bytes.subspan(kVnetHeaderBytes);
  const std::optional<IpPacket> ip = ParseIpPacket(packet);
  if (!ip) {
    counters_->Drop(IpVersionOf(packet) == IpFamily::kNone ? DropReason::kTunNotIp
                                                           : DropReason::kTunFrameMalformed);
    return true;
  }
  packet = packet.first(ip->total_bytes);
  const std::optional<SplitPlan> plan = PlanSplit(vnet, packet);
  // Cutting a superpacket computes its checksums.
  if (!plan || (!plan->is_gso && !CompleteChecksum(vnet, packet))) {
    counters_->Drop(DropReason::kTunFrameMalformed);
    return true;
  }
  if (!Forward(now, *plan, packet, *ip)) return false;
  counters_->tun_read_segments.Add(plan->segment_count);
  return true;
}

bool Outbound::Forward(Instant now, const SplitPlan& plan, std::span<uint8_t> packet,
                       const IpPacket& ip) {
  if (ip.destination != last_.address) FindDestination(ip.destination);
  PeerSlot* const peer = last_.peer;
  if (peer == nullptr) {
    Refuse(DropReason::kNoPeerForDestination, IcmpError::kHostUnreachable, plan.segment_count,
           packet);
    return true;
  }
  if (!last_.has_endpoint) {
    Refuse(DropReason::kPeerHasNoEndpoint, IcmpError::kAddressUnreachable, plan.segment_count,
           packet);
    return true;
  }
  if (ip.destination == last_.endpoint.remote.address &&
      IsOwnMessage(*peer,
                   UdpPayload(packet, ip, shared_->listen_port.load(std::memory_order_relaxed),
                              last_.endpoint.remote.port))) {
    counters_->Drop(DropReason::kRoutingLoop, plan.segment_count);
    return true;
  }
  const uint32_t sealed_bytes = SealedBytes(plan.segment_bytes, mtu_);
  if (sealed_bytes > kTrainBytesMax) {
    Refuse(DropReason::kPacketTooBig, IcmpError::kPacketTooBig, plan.segment_count, packet,
           LargestPacket(mtu_));
    return true;
  }
  if (plan.segment_bytes > peer->path.attention_above.load(std::memory_order_relaxed) &&
      !FitPath(now, *peer, plan, packet, ip))
    return true;
  // Cut so small that not even an empty arena holds it: no kernel makes it, and the frame must not
  // wait for ever.
  if (size_t{plan.segment_count} * sealed_bytes > kTrainArenaBytes) {
    counters_->Drop(DropReason::kTunFrameMalformed, plan.segment_count);
    return true;
  }
  if (last_.keypair == nullptr) last_.keypair = SessionOf(now, *peer);
  // After packets that are already staged, or a flow would be reordered.
  if (last_.keypair == nullptr || !peer->staged.empty()) {
    Stage(now, *peer, plan, packet);
    return true;
  }
  const Route route{peer, last_.keypair, last_.endpoint, EcnEncapsulate(ip.tos)};
  if (!plan.is_gso) return Collect(now, route, packet, sealed_bytes);
  // Trains of its own, balanced by themselves.
  FlushPeer(now, *peer);
  if (!LayOut(now, route, plan, packet, sealed_bytes)) return false;
  SealOpenTrain(now);
  return true;
}

[[gnu::noinline]] bool Outbound::FitPath(Instant now, PeerSlot& peer, const SplitPlan& plan,
                                         std::span<uint8_t> packet, const IpPacket& ip) {
  const uint32_t limit = peer.path.packet_bytes_max.load(std::memory_order_relaxed);
  if (plan.segment_bytes > peer.path.watch_above.load(std::memory_order_relaxed)) {
    link_->Raise(peer, kLargeSent);
  }
  if (limit == 0) return true;
  ClampMss(packet, ip, limit);
  // Nothing makes the sender of an IPv6 packet of up to 1,280 bytes send a smaller one.
  const bool is_least = ip.family == IpFamily::kV6 && plan.segment_bytes <= kLeastMtu;
  if (plan.segment_bytes <= limit || is_least) return true;
  if (Ipv4Fragments::MayCut(packet, ip)) {
    Stage(now, peer, plan, packet);
    return false;
  }
  const uint32_t told = ip.family == IpFamily::kV6 ? std::max(limit, kLeastMtu) : limit;
  Refuse(DropReason::kPacketTooBig, IcmpError::kPacketTooBig, plan.segment_count, packet, told);
  return false;
}

void Outbound::FindDestination(const IpAddress& address) {
  last_ = {};
  last_.address = address;
  last_.peer = shared_->allowed_ips.Lookup(address);
  last_.has_endpoint = last_.peer != nullptr && last_.peer->LoadEndpoint(&last_.endpoint);
}

// Whether this is our own message to the peer that came back through TUN, because the route to the
// endpoint enters the tunnel. Sealed again it would come back larger, without end. Another
// WireGuard whose traffic we forward may use the same ports, so the index decides: one that we
// drew, or the one that the peer drew for our current session. A message that is not recognised (a
// later fragment, a cookie reply, the last message of a session just replaced) is sealed once, and
// the result is recognised.
bool Outbound::IsOwnMessage(const PeerSlot& peer, std::span<const uint8_t> message) const {
  if (message.size() < kTransportHeaderBytes) return false;
  const uint32_t index = LoadLe32(message.data() + 4);
  const IndexTable& indices = shared_->index_table;
  switch (LoadLe32(message.data())) {
    case kMessageInitiation:
      return indices.IsPending(index);
    case kMessageResponse: {
      const Keypair* const session = indices.Find(index);
      return session != nullptr && session->peer() == &peer;
    }
    case kMessageTransport: {
      const Keypair* const current = peer.current.load(std::memory_order_acquire);
      if (current != nullptr && current->remote_index() == index) return true;
      const Keypair* const confirmed =
          indices.Find(peer.confirmed_index.load(std::memory_order_acquire));
      return confirmed != nullptr && confirmed->peer() == &peer &&
             confirmed->remote_index() == index;
    }
    default:
      return false;
  }
}

Keypair* Outbound::SessionOf(Instant now, const PeerSlot& peer) const {
  // A packet from TUN means that the link is up and control will soon know: the packet waits until
  // then.
  if (!shared_->device_up.load(std::memory_order_relaxed)) return nullptr;
  if (const uint32_t index = peer.confirmed_index.load(std::memory_order_acquire); index != 0) {
    Keypair* const confirmed = shared_->index_table.Find(index);
    if (confirmed != nullptr && confirmed->peer() == &peer && confirmed->CanSend(now))
      return confirmed;
  }
  // Sequentially consistent, for the sake of Stage().
  Keypair* const current = peer.current.load();
  return current != nullptr && current->CanSend(now) ? current : nullptr;
}

bool Outbound::Collect(Instant now, const Route& route, std::span<const uint8_t> packet,
                       uint32_t sealed_bytes) {
  if (arena_used_ + arena_promised_ + sealed_bytes > kTrainArenaBytes) return false;
  Collected* collected = FindCollected(*route.peer);
  if (collected == nullptr) {
    collected = &collected_[next_collected_];
    next_collected_ = (next_collected_ + 1) % kCollectedMax;
    Flush(now, collected);
  } else if (route != collected->route || sealed_bytes > collected->sealed_bytes ||
             collected->last_bytes != collected->sealed_bytes ||
             collected->count == LongestTrain(collected->sealed_bytes)) {
    Flush(now, collected);
  }
  if (collected->count == 0) {
    collected->route = route;
    collected->sealed_bytes = sealed_bytes;
  }
  collected->last_bytes = sealed_bytes;
  collected->packets[collected->count++] = packet;
  arena_promised_ += sealed_bytes;
  return true;
}

Outbound::Collected* Outbound::FindCollected(const PeerSlot& peer) {
  for (Collected& collected : collected_) {
    if (collected.count != 0 && collected.route.peer == &peer) return &collected;
  }
  return nullptr;
}

void Outbound::FlushPeer(Instant now, const PeerSlot& peer) {
  if (Collected* const collected = FindCollected(peer)) Flush(now, collected);
}

void Outbound::FlushAll(Instant now) {
  for (size_t i = 0; i < kCollectedMax; ++i)
    Flush(now, &collected_[(next_collected_ + i) % kCollectedMax]);
  next_collected_ = 0;
}

void Outbound::Flush(Instant now, Collected* collected) {
  const auto packets = std::span(collected->packets).first(std::exchange(collected->count, 0));
  for (size_t i = 0; i < packets.size(); ++i) {
    const uint32_t sealed =
        i + 1 == packets.size() ? collected->last_bytes : collected->sealed_bytes;
    arena_promised_ -= sealed;
    uint8_t* const inner =
        NextMessage(now, collected->route, sealed, kTrainSegmentsMax) + kTransportHeaderBytes;
    std::memcpy(inner, packets[i].data(), packets[i].size());
    std::memset(inner + packets[i].size(), 0, sealed - kTransportOverheadBytes - packets[i].size());
  }
  SealOpenTrain(now);
}

bool Outbound::LayOut(Instant now, const Route& route, const SplitPlan& plan,
                      std::span<const uint8_t> packet, uint32_t sealed_bytes) {
  const size_t promised = arena_used_ + arena_promised_;
  if (promised + size_t{plan.segment_count} * sealed_bytes > kTrainArenaBytes) return false;
  const uint32_t segments_max =
      plan.is_gso ? BalancedTrain(plan.segment_count, sealed_bytes) : LongestTrain(sealed_bytes);
  for (uint32_t i = 0; i < plan.segment_count; ++i) {
    const uint32_t bytes = i + 1 == plan.segment_count ? plan.last_bytes : plan.segment_bytes;
    const uint32_t sealed = SealedBytes(bytes, mtu_);
    uint8_t* const message = NextMessage(now, route, sealed, segments_max);
    uint8_t* const inner = message + kTransportHeaderBytes;
    WriteSegment(plan, packet, i, inner);
    std::memset(inner + bytes, 0, sealed - kTransportOverheadBytes - bytes);
  }
  return true;
}

uint8_t* Outbound::NextMessage(Instant now, const Route& route, uint32_t sealed_bytes,
                               uint32_t segments_max) {
  if (has_open_train_ && route == open_route_) {
    Run& run = to_wire_.back().run;
    const bool continues = run.last_bytes == run.segment_bytes &&
                           sealed_bytes <= run.segment_bytes && run.count < segments_max &&
                           size_t{run.stride} * run.count + sealed_bytes <= kTrainBytesMax;
    if (continues) {
      run.last_bytes = sealed_bytes;
      ++run.count;
      uint8_t* const message = arena_.get() + arena_used_;
      arena_used_ += sealed_bytes;
      return message;
    }
  }
  SealOpenTrain(now);
  uint8_t* const message = arena_.get() + arena_used_;
  arena_used_ += sealed_bytes;
  to_wire_.push_back(SendRun{Run{message, sealed_bytes, sealed_bytes, sealed_bytes, 1},
                             route.endpoint, route.outer_tos, route.peer->id});
  open_route_ = route;
  has_open_train_ = true;
  return message;
}

void Outbound::SealOpenTrain(Instant now) {
  if (!has_open_train_) return;
  has_open_train_ = false;
  PeerSlot& peer = *open_route_.peer;
  Keypair& keypair = *open_route_.keypair;
  const Run& run = to_wire_.back().run;
  const uint64_t sealed_bytes = run.PayloadBytes() - uint64_t{run.count} * kTransportHeaderBytes;
  const std::optional<uint64_t> counter = keypair.ReserveCounters(run.count, sealed_bytes);
  if (!counter) {
    counters_->Drop(DropReason::kCounterLimit, run.count);
    to_wire_.pop_back();
    link_->Raise(peer, kRekeyDue);
    return;
  }
  for (uint32_t i = 0; i < run.count; ++i) {
    const std::span<uint8_t> message = run.Segment(i);
    StoreTransportHeader(message.data(), keypair.remote_index(), *counter + i);
    seal_[i] = {message.data() + kTransportHeaderBytes, message.size() - kTransportOverheadBytes};
  }
  engine_->SealRun(keypair.send_key(), std::span(seal_).first(run.count), *counter);
  peer.transmit_bytes.fetch_add(run.PayloadBytes(), std::memory_order_relaxed);
  const bool data_watch = peer.activity.DataSent(now);
  const bool sent_watch = peer.activity.AuthenticatedSent(now);
  if (data_watch || sent_watch) link_->Raise(peer, kActivity);
  if (now >= keypair.rekey_on_send_at() || keypair.WantsRekeyByUse()) link_->Raise(peer, kRekeyDue);
}

// Not inlined, as it would slow down the packets that have a session.
[[gnu::noinline]] void Outbound::Stage(Instant now, PeerSlot& peer, const SplitPlan& plan,
                                       std::span<const uint8_t> packet) {
  if (plan.is_gso) {
    for (uint32_t i = 0; i < plan.segment_count; ++i) {
      staging_.resize(i + 1 == plan.segment_count ? plan.last_bytes : plan.segment_bytes);
      WriteSegment(plan, packet, i, staging_.data());
      StagePacket(peer, staging_);
    }
  } else {
    StagePacket(peer, packet);
  }
  // A session may have been published between our look and the push. Control looks at the queue
  // after it publishes and we look for a session after we push, so one of us flushes.
  const bool is_flushed = SealStaged(now, peer) && peer.staged.empty();
  // Control hears of the rest, and of a peer without a session also when the packet was not stored:
  // other peers may fill the pool, but they must not keep this one from its handshake.
  if (!is_flushed || SessionOf(now, peer) == nullptr) link_->Raise(peer, kNeedHandshake);
}

void Outbound::StagePacket(PeerSlot& peer, std::span<const uint8_t> packet) {
  const uint32_t limit = peer.path.packet_bytes_max.load(std::memory_order_relaxed);
  if (limit != 0 && packet.size() > limit) {
    const std::optional<IpPacket> ip = ParseIpPacket(packet);
    if (ip && Ipv4Fragments::MayCut(packet, *ip)) {
      Ipv4Fragments fragments(packet, limit);
      while (fragments.Next(&fragment_)) Push(peer, fragment_);
      return;
    }
  }
  Push(peer, packet);
}

void Outbound::Push(PeerSlot& peer, std::span<const uint8_t> packet) {
  const StagedQueue::PushResult result = peer.staged.Push(packet);
  counters_->staged_segments.Add(result.stored ? 1 : 0);
  if (result.dropped_own > 0) counters_->Drop(DropReason::kStagedQueueFull, result.dropped_own);
  if (result.dropped_for_pool > 0)
    counters_->Drop(DropReason::kStagedPoolFull, result.dropped_for_pool);
}

bool Outbound::FlushStaged(Instant now, PeerSlot& peer) {
  DCHECK(to_wire_.empty() && icmp_writes_.empty());
  return SealStaged(now, peer);
}

bool Outbound::SealStaged(Instant now, PeerSlot& peer) {
  FlushPeer(now, peer);
  mtu_ = shared_->mtu.load(std::memory_order_relaxed);
  bool all = true;
  while (!peer.staged.empty()) {
    Keypair* const keypair = SessionOf(now, peer);
    Endpoint endpoint;
    if (keypair == nullptr || !peer.LoadEndpoint(&endpoint)) break;
    if (arena_used_ + arena_promised_ + kTrainBytesMax > kTrainArenaBytes) {
      all = false;
      break;
    }
    if (!peer.staged.Pop(&staging_)) break;
    // It fitted when it was staged; the MTU, and with it the padding, may be another by now.
    const uint32_t sealed_bytes = SealedBytes(staging_.size(), mtu_);
    if (sealed_bytes > kTrainBytesMax) {
      Refuse(DropReason::kPacketTooBig, IcmpError::kPacketTooBig, 1, staging_, LargestPacket(mtu_));
      continue;
    }
    // Staged packets came through ProcessFrame, so they parse.
    const std::optional<IpPacket> ip = ParseIpPacket(staging_);
    SplitPlan plain;
    plain.segment_bytes = plain.last_bytes = static_cast<uint32_t>(staging_.size());
    const bool laid_out =
        ip && LayOut(now, Route{&peer, keypair, endpoint, EcnEncapsulate(ip->tos)}, plain, staging_,
                     sealed_bytes);
    CHECK(laid_out);
  }
  SealOpenTrain(now);
  return all;
}

void Outbound::Refuse(DropReason reason, IcmpError error, uint32_t segments,
                      std::span<const uint8_t> packet, uint32_t mtu) {
  counters_->Drop(reason, segments);
  if (icmp_writes_.size() == kIcmpErrorsMax) return;
  uint8_t* const out =
      icmp_bytes_.get() + icmp_writes_.size() * (kVnetHeaderBytes + kIcmpErrorBytesMax);
  const size_t bytes =
      WriteIcmpError(error, mtu, packet, std::span(out + kVnetHeaderBytes, kIcmpErrorBytesMax));
  if (bytes == 0) return;
  VnetHeader{}.Store(std::span<uint8_t, kVnetHeaderBytes>(out, kVnetHeaderBytes));
  const auto size = static_cast<uint32_t>(kVnetHeaderBytes + bytes);
  icmp_writes_.push_back(TunWrite{static_cast<uint32_t>(icmp_pieces_.size()), 1, 1, size});
  icmp_pieces_.push_back(Piece{out, size});
  counters_->icmp_errors_sent.Add();
}

}  // namespace ringwire
