#include "core/control/control_plane.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "core/control/control_plane_impl.h"
#include "core/control/timers.h"
#include "core/wire/constants.h"
#include "crypto/aead.h"

namespace ringwire {
namespace {

// Peers that may start something, perhaps a handshake (0.2 ms), before control returns to its
// caller: when a link goes up, a hundred thousand peers start at once.
constexpr size_t kPeersInARow = 16;
// Unanswered initiations after which a peer may have another address: 15 s.
constexpr int kAttemptsUntilSuspicion = 4;
// When to check retired objects again that a reader may hold.
constexpr absl::Duration kCollectInterval = absl::Seconds(1);

// Between initiations to peers that were alive before a restart. An initiation and its response
// cost control about 0.3 ms, so most of its time remains for other work.
constexpr absl::Duration kResumeInterval = absl::Milliseconds(1);

bool IsInitiation(const HandshakeDatagram& datagram) {
  const std::variant<MessageKind, DropReason> kind = ClassifyMessage(datagram.message());
  const MessageKind* const message = std::get_if<MessageKind>(&kind);
  return message != nullptr && *message == MessageKind::kInitiation;
}

}  // namespace

StrayInitiations StrayAt(Instant now, const SourceNote& note) {
  const std::optional<NotedSource> noted = note.Read();
  if (!noted.has_value()) return {};
  return {noted->count, noted->last_from, now - noted->last_at};
}

void OutgoingDatagram::Assign(std::span<const uint8_t> message) {
  if (message.size() > bytes.size()) {
    large.assign(message.begin(), message.end());
    return;
  }
  size = static_cast<uint16_t>(message.size());
  std::copy(message.begin(), message.end(), bytes.begin());
}

void ControlOutput::Clear() {
  datagrams.clear();
  flush_staged.clear();
  notices.clear();
  work.clear();
  unanswered.clear();
}

ControlPlane::Impl::Impl(SharedState* shared_state, crypto::Random* random_source,
                         WorkerCounters* drop_counters, const ControlOptions& options)
    : shared(shared_state),
      random(random_source),
      sessions(shared_state, random_source, drop_counters, &peers, options),
      cookie_secret(shared_state, random_source),
      load_judge(shared_state),
      answers_path_probes(options.answers_path_probes) {}

ControlPlane::Impl::~Impl() {
  RemoveAllPeers(last_now);
  CommitRemovals(last_now);
  cookie_secret.Clear(last_now);
  (void)shared->quiescence.Collect();  // the domain destroys what is left
}

bool ControlPlane::Impl::IsReachable(const Peer& peer) const {
  return IsLinkUp() && sessions.identity().has_value() && peer.endpoint != nullptr;
}

void ControlPlane::Impl::TakeEvents(const ControlCall& call, Peer& peer, uint32_t kinds) {
  // Clear the bits before reading the state in question: a later change sets them again.
  kinds |= peer.slot->pending_events.exchange(0);
  if (!IsLinkUp()) return;
  if ((kinds & kEndpointChanged) != 0) {
    MutexLock lock(&peer.slot->roam_mutex);
    peer.MoveEndpoint(peer.slot->roamed_to, shared, call.now);
    peer.slot->has_roamed.store(false);
    peer.endpoint_unconfirmed = false;
  }
  if ((kinds & kSourceUnusable) != 0) peer.ForgetSourceAddress(shared, call.now);
  if ((kinds & kKeyConfirmed) != 0) {
    uint32_t confirmed = peer.slot->confirmed_index.load();
    sessions.Confirm(call, peer);
    peer.slot->confirmed_index.compare_exchange_strong(confirmed, 0);  // `current` has it now
  }
  if ((kinds & kNeedHandshake) != 0) sessions.SendStaged(call, peer);
  if ((kinds & kRekeyDue) != 0 && peer.WantsRenewal(call.now)) sessions.Begin(call, peer);
  TakePathEvents(call, peer, kinds);
  Arm(call.now, peer);
}

void ControlPlane::Impl::RunTimers(const ControlCall& call, Peer& peer) {
  if (peer.timers.waits_to_start) {
    peer.timers.waits_to_start = false;
    Start(call, peer, std::exchange(peer.timers.starts_with_keepalive, false));
    return;
  }
  PeerActivity& activity = peer.slot->activity;
  const TimerDecision decision = Decide(call.now, peer.timers, activity.Read());
  if (decision.zeroise) {
    peer.timers.zeroise_at = Instant::InfiniteFuture();
    // The secrets of a handshake under way are seconds old and end with it. After a long sleep it
    // may have started in this call, for the packet that woke us.
    peer.keypairs.Clear(call.now);
  }
  if (decision.abandon_handshake) sessions.Abandon(call, peer);
  if (decision.initiate) {
    // Silence may mean that our source address has changed.
    if (peer.timers.handshake_under_way()) {
      peer.ForgetSourceAddress(shared, call.now);
    }
    sessions.SendInitiation(call, peer);
    if (peer.timers.attempts >= kAttemptsUntilSuspicion) {
      call.out->unanswered.push_back(peer.public_key());
    }
  }
  if (decision.unanswered) {
    activity.ClearUnanswered();
    peer.ForgetSourceAddress(shared, call.now);
    sessions.Begin(call, peer);
    if (peer.path != nullptr) peer.path->Unanswered(call.now);
  }
  if (peer.path != nullptr) RunPath(call, peer);
  if (decision.keepalive || decision.persistent_keepalive) Keepalive(call, peer, decision);
  Arm(call.now, peer);
}

void ControlPlane::Impl::Keepalive(const ControlCall& call, Peer& peer,
                                   const TimerDecision& decision) {
  PeerActivity& activity = peer.slot->activity;
  const bool more = decision.keepalive && activity.Read().more_data_received;
  if (decision.keepalive) {
    activity.ClearMoreData();
    activity.ClearUnacknowledged();
  }
  if (decision.persistent_keepalive) {
    peer.timers.persistent_not_before = call.now + peer.timers.persistent_keepalive;
  }
  sessions.SendKeepalive(call, peer);
  // Packets that came after the one that this answers need an answer of their own.
  if (more) (void)activity.DataReceived(call.now);  // Arm() follows
}

void ControlPlane::Impl::Arm(Instant now, Peer& peer) {
  PeerActivity& activity = peer.slot->activity;
  if (!IsLinkUp()) {
    activity.SetWatched(false);
    deadlines.Remove(peer.id().index);
    return;
  }
  peer.timers.persistent_keepalive =
      IsReachable(peer) ? absl::Seconds(peer.persistent_keepalive_seconds) : absl::ZeroDuration();
  TimerDecision decision = Decide(now, peer.timers, activity.Read());
  if (!decision.watch && activity.watched()) {
    activity.SetWatched(false);
    decision = Decide(now, peer.timers, activity.Read());
  }
  if (decision.watch) activity.SetWatched(true);
  if (peer.path != nullptr) decision.next = std::min(decision.next, peer.path->due());
  deadlines.Set(peer.id().index, peer.timers.waits_to_start ? now : decision.next);
}

void ControlPlane::Impl::StartInTurn(const ControlCall& call, Peer& peer, bool keepalive,
                                     size_t* started) {
  const bool has_reason = IsReachable(peer) && (keepalive || !peer.slot->staged.empty());
  if (has_reason && (*started)++ < kPeersInARow) {
    Start(call, peer, keepalive);
    return;
  }
  if (has_reason) {
    peer.timers.waits_to_start = true;
    peer.timers.starts_with_keepalive |= keepalive;
  }
  Arm(call.now, peer);
}

void ControlPlane::Impl::Start(const ControlCall& call, Peer& peer, bool keepalive) {
  if (IsReachable(peer)) {
    if (keepalive) {
      sessions.SendKeepalive(call, peer);
    } else if (!peer.slot->staged.empty()) {
      sessions.SendStaged(call, peer);
    }
  }
  Arm(call.now, peer);
}

void ControlPlane::Impl::TakeWork(const ControlCall& call, std::unique_ptr<HandshakeWork> work) {
  if (defers_work) {
    call.out->work.push_back(std::move(work));
    return;
  }
  do {
    work->Run(*random);
  } while (ContinueWork(call, *work));
}

bool ControlPlane::Impl::ContinueWork(const ControlCall& call, HandshakeWork& work) {
  const Sessions::Progress progress = sessions.Continue(call, work);
  if (progress == Sessions::Progress::kNextStep) return true;
  load_judge.Handled(call.now, progress == Sessions::Progress::kAnswered);
  if (Peer* const peer = peers.Find(work.peer)) Arm(call.now, *peer);
  return false;
}

void ControlPlane::Impl::ResumePeers(Instant now) {
  if (!IsLinkUp()) return;
  Instant at = now;
  for (const PeerId id : warm_restart.TakeDue(now)) {
    Peer* const peer = peers.Find(id);
    if (peer == nullptr || peer->timers.handshake_under_way()) continue;
    peer->timers.initiate_at = at;
    at = at + kResumeInterval;
    Arm(now, *peer);
  }
}

void ControlPlane::Impl::Stop(Instant now, Peer& peer) {
  sessions.Clear(now, peer);
  sessions.DropStaged(peer);
  const absl::Duration jitter = peer.timers.unanswered_jitter;
  peer.timers = TimerState();
  peer.timers.unanswered_jitter = jitter;
  peer.ForgetPath();
  peer.slot->pending_events.store(0);
  peer.slot->has_roamed.store(false);
  peer.slot->confirmed_index.store(0);
  peer.slot->activity.ClearUnanswered();
  peer.slot->activity.ClearMoreData();
  peer.slot->activity.ClearUnacknowledged();
  Arm(now, peer);
}

void ControlPlane::Impl::Finish(Instant now) {
  last_now = now;
  cookie_secret.RotateIfDue(now);
  warm_restart.DropOld(now);
  if (shared->known_sources.is_full()) {
    shared->known_sources.Clear();
    peers.ForEach([this](const Peer& peer) {
      if (peer.endpoint != nullptr) shared->known_sources.Add(peer.endpoint->remote.address);
    });
    shared->known_sources.Rebuilt();
  }
  sessions.stamps().Age(
      now, [this](const crypto::PublicKey& peer) { return peers.Find(peer) != nullptr; });
  collect_at =
      shared->quiescence.Collect() == 0 ? Instant::InfiniteFuture() : now + kCollectInterval;
}

ControlPlane::ControlPlane(SharedState* shared, crypto::Random* random, WorkerCounters* counters,
                           const ControlOptions& options)
    : impl_(std::make_unique<Impl>(shared, random, counters, options)) {}

ControlPlane::~ControlPlane() = default;

void ControlPlane::HandleDatagram(Instant now, absl::Time wall_now,
                                  const HandshakeDatagram& datagram, ControlOutput* out) {
  const ControlCall call{now, wall_now, out};
  if (!IsInitiation(datagram)) {
    if (Peer* const peer = impl_->sessions.ConsumeAnswer(call, datagram)) impl_->Arm(now, *peer);
  } else if (auto work = impl_->sessions.ConsumeInitiation(datagram)) {
    impl_->TakeWork(call, std::move(work));
  }
  impl_->Finish(now);
}

void ControlPlane::HandleWork(Instant now, absl::Time wall_now, std::unique_ptr<HandshakeWork> work,
                              ControlOutput* out) {
  const ControlCall call{now, wall_now, out};
  if (impl_->ContinueWork(call, *work)) impl_->TakeWork(call, std::move(work));
  impl_->Finish(now);
}

void ControlPlane::Resume(Instant now, absl::Time wall_now,
                          std::span<const LiveEndpoint> endpoints) {
  impl_->warm_restart.Restore(now, wall_now, endpoints);
}

void ControlPlane::DeferWork() { impl_->defers_work = true; }

void ControlPlane::HandleEvent(Instant now, absl::Time wall_now, const DataEvent& event,
                               ControlOutput* out) {
  const ControlCall call{now, wall_now, out};
  if (Peer* const peer = impl_->peers.Find(event.peer)) impl_->TakeEvents(call, *peer, event.kinds);
  impl_->Finish(now);
}

void ControlPlane::HandleAllEvents(Instant now, absl::Time wall_now, ControlOutput* out) {
  const ControlCall call{now, wall_now, out};
  impl_->peers.ForEach([&](Peer& peer) {
    if (peer.slot->pending_events.load() != 0) impl_->TakeEvents(call, peer, 0);
  });
  impl_->Finish(now);
}

void ControlPlane::HandleTimeout(Instant now, absl::Time wall_now, ControlOutput* out) {
  const ControlCall call{now, wall_now, out};
  // Taken out first: each peer is handled once per call, whatever it arms.
  std::vector<uint32_t> due;
  while (due.size() < kPeersInARow) {
    const std::optional<uint32_t> index = impl_->deadlines.PopDue(now);
    if (!index.has_value()) break;
    due.push_back(*index);
  }
  for (const uint32_t index : due) impl_->RunTimers(call, *impl_->peers.At(index));
  impl_->Finish(now);
}

Instant ControlPlane::NextDeadline() const {
  return std::min({impl_->deadlines.earliest(), impl_->collect_at, impl_->warm_restart.due()});
}

void ControlPlane::SetLinkUp(Instant now, absl::Time wall_now, bool up, ControlOutput* out) {
  if (up == impl_->IsLinkUp()) return;
  const ControlCall call{now, wall_now, out};
  impl_->shared->device_up.store(up);
  size_t started = 0;
  impl_->peers.ForEach([&](Peer& peer) {
    if (up) {
      impl_->StartInTurn(call, peer, peer.persistent_keepalive_seconds > 0, &started);
    } else {
      impl_->Stop(now, peer);
    }
  });
  impl_->ResumePeers(now);
  impl_->Finish(now);
}

void ControlPlane::MachineWasCopied(Instant now, absl::Time wall_now, ControlOutput* out) {
  const ControlCall call{now, wall_now, out};
  impl_->sessions.ExpireAll();
  size_t started = 0;
  impl_->peers.ForEach([&](Peer& peer) { impl_->StartInTurn(call, peer, false, &started); });
  out->notices.push_back(
      {Notice::Level::kInfo, "this machine was cloned or restored: sessions are made anew"});
  impl_->Finish(now);
}

void ControlPlane::SetMtu(uint32_t mtu) { impl_->shared->mtu.store(mtu); }

void ControlPlane::SetListenPort(uint16_t port) { impl_->shared->listen_port.store(port); }

DeviceStatus ControlPlane::Status(Instant now, absl::Time /*wall_now*/) const {
  DeviceStatus status = StatusWithoutPeers(now);
  status.peers.reserve(impl_->peers.size());
  size_t cursor = 0;
  (void)ListPeers(now, impl_->peers.places(), &cursor, &status.peers);
  return status;
}

DeviceStatus ControlPlane::StatusWithoutPeers(Instant now) const {
  DeviceStatus status;
  if (const std::optional<LocalIdentity>& identity = impl_->sessions.identity()) {
    status.private_key = identity->private_key;
    status.public_key = identity->public_key;
  }
  status.listen_port = impl_->shared->listen_port.load();
  status.fwmark = impl_->fwmark;
  status.transport_cipher = impl_->sessions.transport_cipher();
  status.handshakes = impl_->sessions.counts();
  status.unknown_key = StrayAt(now, impl_->sessions.unknown_key());
  status.last_unknown_key = impl_->sessions.last_unknown_key();
  return status;
}

bool ControlPlane::ListPeers(Instant now, size_t count, size_t* cursor,
                             std::vector<PeerStatus>* peers) const {
  const size_t places = impl_->peers.places();
  const size_t end = std::min(places, *cursor + count);
  for (; *cursor < end; ++*cursor) {
    const Peer* const peer = impl_->peers.At(static_cast<uint32_t>(*cursor));
    if (peer != nullptr) peers->push_back(impl_->StatusOf(now, *peer));
  }
  return end < places;
}

PeerStatus ControlPlane::Impl::StatusOf(Instant now, const Peer& peer) const {
  PeerStatus status;
  status.public_key = peer.public_key();
  status.preshared_key = peer.remote.preshared_key;
  status.name = peer.name;
  if (peer.endpoint != nullptr) status.endpoint = peer.endpoint->remote;
  status.endpoint_name = peer.endpoint_name;
  status.last_handshake = peer.last_handshake;
  status.attempts = peer.attempts;
  if (peer.attempts.initiations > 0) status.attempts.duration = now - peer.first_initiation_at;
  status.transmit_bytes = peer.slot->transmit_bytes.load(std::memory_order_relaxed);
  status.receive_bytes = peer.slot->receive_bytes.load(std::memory_order_relaxed);
  status.persistent_keepalive_seconds = peer.persistent_keepalive_seconds;
  status.allowed_ips = shared->allowed_ips.PrefixesOf(peer.slot.get());
  status.transport_cipher = peer.transport_cipher;
  if (peer.path != nullptr) status.path_mtu = peer.path->limits().packet_bytes_max;
  const Keypair* const current = peer.keypairs.current();
  if (current != nullptr && current->CanReceive(now)) {
    status.transport_suite = crypto::AeadSuiteName(current->suite());
  }
  return status;
}

size_t ControlPlane::peer_count() const { return impl_->peers.size(); }

bool ControlPlane::ListSources(size_t peers, size_t* cursor,
                               std::vector<CachedSource>* sources) const {
  const size_t places = impl_->peers.places();
  const size_t end = std::min(places, *cursor + peers);
  for (; *cursor < end; ++*cursor) {
    const Peer* const peer = impl_->peers.At(static_cast<uint32_t>(*cursor));
    if (peer == nullptr || peer->endpoint == nullptr || !peer->endpoint->local.IsSet()) continue;
    sources->push_back({peer->id(), *peer->endpoint});
  }
  return end < places;
}

void ControlPlane::RestoreStamps(Instant now, std::span<const HandshakeStamp> stamps) {
  for (const HandshakeStamp& stamp : stamps) impl_->sessions.stamps().Raise(now, stamp);
  (void)impl_->sessions.stamps().TakeChanges(/*all=*/false);  // the file has them
}

bool ControlPlane::HasStampChanges() const { return impl_->sessions.stamps().has_changes(); }

StampChanges ControlPlane::TakeStampChanges(bool all) {
  return impl_->sessions.stamps().TakeChanges(all);
}

bool ControlPlane::ForgetStamp(const crypto::PublicKey& peer) {
  if (Peer* const present = impl_->peers.Find(peer)) present->clock_warned = false;
  return impl_->sessions.stamps().Forget(peer);
}

}  // namespace ringwire
