#ifndef RINGWIRE_CORE_CONTROL_CONTROL_PLANE_IMPL_H_
#define RINGWIRE_CORE_CONTROL_CONTROL_PLANE_IMPL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/base/peer_id.h"
#include "core/control/control_call.h"
#include "core/control/control_plane.h"
#include "core/control/cookie_secret.h"
#include "core/control/deadline_queue.h"
#include "core/control/load_judge.h"
#include "core/control/peer.h"
#include "core/control/peer_table.h"
#include "core/control/sessions.h"
#include "core/control/warm_restart.h"
#include "core/device/device_update.h"
#include "core/routing/shared_state.h"
#include "crypto/random.h"

namespace ringwire {

// Joins the parts of the control plane. Every entry ends with Finish(), and every change of a peer
// ends with Arm().
struct ControlPlane::Impl {
  Impl(SharedState* shared_state, crypto::Random* random_source, WorkerCounters* drop_counters,
       const ControlOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // control_plane.cc
  bool IsLinkUp() const { return shared->device_up.load(); }
  // The link is up, we have a key, and the peer's endpoint is known.
  bool IsReachable(const Peer& peer) const;
  void TakeEvents(const ControlCall& call, Peer& peer, uint32_t kinds);
  void RunTimers(const ControlCall& call, Peer& peer);
  void Keepalive(const ControlCall& call, Peer& peer, const TimerDecision& decision);
  // control_plane_path.cc: the path MTU of a peer.
  void TakePathEvents(const ControlCall& call, Peer& peer, uint32_t kinds);
  void AnswerProbe(const ControlCall& call, Peer& peer);
  // Does what is due.
  void RunPath(const ControlCall& call, Peer& peer);

  // control_plane.cc
  // Runs the work's steps, or gives it out (defers_work).
  void TakeWork(const ControlCall& call, std::unique_ptr<HandshakeWork> work);
  // After a step. True: there is a next one.
  bool ContinueWork(const ControlCall& call, HandshakeWork& work);
  // Schedules initiations to added peers that were alive before a restart.
  void ResumePeers(Instant now);
  // Schedules the peer for its next timer.
  void Arm(Instant now, Peer& peer);
  // Starts what the peer needs: a handshake or a keepalive.
  void Start(const ControlCall& call, Peer& peer, bool keepalive);
  // The same for one of many: the first few of a call start at once, the others through
  // HandleTimeout. Handshakes are expensive, and control has other work.
  void StartInTurn(const ControlCall& call, Peer& peer, bool keepalive, size_t* started);
  void Stop(Instant now, Peer& peer);
  void Finish(Instant now);
  PeerStatus StatusOf(Instant now, const Peer& peer) const;

  // control_plane_apply.cc
  void Apply(const ControlCall& call, const DeviceUpdate& update);
  void ApplyPrivateKey(const ControlCall& call, const crypto::PrivateKey& key);
  struct Starting {
    PeerId peer;
    bool keepalive = false;
  };
  void ApplyPeer(const ControlCall& call, const PeerUpdate& update,
                 std::vector<Starting>* starting);
  void ApplyAllowedIps(const PeerUpdate& update, Peer& peer);
  // Workers lose the peer when CommitRemovals() publishes the change.
  void Remove(Instant now, Peer& peer);
  void RemoveAllPeers(Instant now);
  void CommitRemovals(Instant now);

  SharedState* const shared;
  crypto::Random* const random;
  PeerTable peers;
  Sessions sessions;
  CookieSecret cookie_secret;
  DeadlineQueue deadlines;
  LoadJudge load_judge;
  WarmRestart warm_restart;

  const bool answers_path_probes;
  bool defers_work = false;
  uint32_t fwmark = 0;
  // Slots of removed peers, to retire when no published route leads to them any more.
  std::vector<std::shared_ptr<PeerSlot>> removed;
  Instant last_now;
  // When to check retired objects again that readers may hold.
  Instant collect_at = Instant::InfiniteFuture();
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_CONTROL_PLANE_IMPL_H_
