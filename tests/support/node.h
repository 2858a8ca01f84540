#ifndef RINGWIRE_TESTS_SUPPORT_NODE_H_
#define RINGWIRE_TESTS_SUPPORT_NODE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/control/control_plane.h"
#include "core/control/handshake_queue.h"
#include "core/datapath/inbound.h"
#include "core/datapath/outbound.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "crypto/aead.h"
#include "tests/support/seeded_random.h"

namespace ringwire {

// A datagram in flight between nodes.
struct Datagram {
  Endpoint to;  // remote: destination; local: the source address that the sender asks for
  uint8_t tos = 0;
  std::vector<uint8_t> bytes;
  PeerId peer{};  // the recipient; none for a cookie reply
};

// A whole gateway in memory: both planes, one worker's packet path, no thread, clock or socket. The
// test does the platform's part by calls: packets in from TUN or from the wire, time as an
// argument, results as lists.
class Node {
 public:
  explicit Node(uint64_t seed, InboundOptions inbound = {}, ControlOptions control = {},
                const crypto::AeadProviders& aead_providers = {});
  ~Node();

  // Call before Start(): the key of a restarted gateway, instead of one drawn from the seed.
  void set_private_key(const crypto::PrivateKey& key);
  // Gives it its private key and brings it up.
  void Start(Instant now);
  // private_key() and public_key() return the new key after a change.
  absl::Status Apply(Instant now, const DeviceUpdate& update);
  void SetLinkUp(Instant now, bool up);

  // A plain IP packet read from TUN.
  void FromTun(Instant now, std::span<const uint8_t> packet);
  // A raw TUN frame: virtio-net header and packet.
  void FrameFromTun(Instant now, std::vector<uint8_t> frame);
  // A datagram, or a GRO train cut every `segment_bytes`, from the wire.
  void FromWire(Instant now, const Endpoint& from, std::span<const uint8_t> bytes,
                size_t segment_bytes = 0, uint8_t tos = 0);
  // Runs control once: all events, then handshakes (events again before each), then due timers.
  void RunControl(Instant now);
  // While set, delays the worker's events to control, so that a test sees the state in between.
  void set_hold_control(bool hold) { hold_control_ = hold; }
  bool holds_control() const { return hold_control_; }
  // Likewise delays control's commands (to seal staged packets) to the worker, until RunCommands().
  void set_hold_commands(bool hold) { hold_commands_ = hold; }
  void RunCommands(Instant now);
  // Likewise delays the expensive steps of handshakes until RunControl() without it.
  void set_hold_work(bool hold) { hold_work_ = hold; }
  // The oldest step that is held back; the next one of that handshake then is.
  void RunOneStep(Instant now);
  Instant NextDeadline() const { return control_.NextDeadline(); }

  std::vector<Datagram> TakeDatagrams();
  // The writes to TUN, without their virtio-net headers.
  std::vector<std::vector<uint8_t>> TakeDelivered();
  std::vector<Notice> TakeNotices();

  ControlPlane& control() { return control_; }
  SharedState& shared() { return *shared_; }
  WorkerLink& link() { return link_; }
  Inbound& inbound() { return inbound_; }
  Outbound& outbound() { return outbound_; }
  // Drops of the worker and of control together.
  uint64_t Dropped(DropReason reason) const {
    return worker_counters_.Dropped(reason) + control_counters_.Dropped(reason);
  }
  uint64_t DroppedTotal() const;
  const WorkerCounters& counters() const { return worker_counters_; }
  const WorkerCounters& control_counters() const { return control_counters_; }
  const crypto::PrivateKey& private_key() const { return private_key_; }
  const crypto::PublicKey& public_key() const { return public_key_; }
  // The wall clock is the boot clock plus this.
  absl::Time WallAt(Instant now) const { return wall_at_boot_ + (now - Instant()); }
  void set_wall_at_boot(absl::Time wall) { wall_at_boot_ = wall; }

 private:
  void RunWork(Instant now);
  void CarryOut(Instant now);
  void FlushCommands(Instant now);
  void SendOutbound();
  void Deliver(const TunWriteBatch& batch);

  SeededRandom random_;
  crypto::PrivateKey private_key_;
  crypto::PublicKey public_key_{};
  absl::Time wall_at_boot_ = absl::FromUnixSeconds(1'800'000'000);
  std::unique_ptr<SharedState> shared_;
  WorkerCounters worker_counters_;
  WorkerCounters control_counters_;
  WorkerLink link_;
  LoadSources load_sources_;
  crypto::AeadEngine engine_;
  QuiescenceDomain::Reader* const reader_;
  ControlPlane control_;
  HandshakeQueue handshakes_;
  Outbound outbound_;
  Inbound inbound_;
  bool hold_control_ = false;
  bool hold_commands_ = false;
  bool hold_work_ = false;
  std::deque<std::unique_ptr<HandshakeWork>> work_;

  ControlOutput output_;
  std::vector<FlushStaged> commands_;
  std::vector<Datagram> datagrams_;
  std::vector<std::vector<uint8_t>> delivered_;
  std::vector<Notice> notices_;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_NODE_H_
