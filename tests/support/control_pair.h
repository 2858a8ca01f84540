#ifndef RINGWIRE_TESTS_SUPPORT_CONTROL_PAIR_H_
#define RINGWIRE_TESTS_SUPPORT_CONTROL_PAIR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/control/control_plane.h"
#include "core/routing/shared_state.h"
#include "crypto/aead.h"
#include "tests/support/seeded_random.h"

namespace ringwire {

// A datagram between two control planes.
struct ControlDatagram {
  Endpoint to;
  uint8_t tos = 0;
  std::vector<uint8_t> bytes;

  uint8_t type() const { return bytes[0]; }
  bool IsKeepalive() const { return type() == 4 && bytes.size() == 32; }
};

// A control plane with its surroundings, and the part of a worker that handshakes need: it checks
// mac1, opens transport messages, which confirm sessions, and seals staged packets. No load rule,
// no TUN.
class ControlNode {
 public:
  ControlNode(uint64_t seed, std::string_view address, std::string_view inner_address,
              const ControlOptions& options = {});
  ~ControlNode();

  // -- calls into control, outputs collected below
  void Receive(Instant now, const Endpoint& from, const std::vector<uint8_t>& bytes);
  // Only control's part: messages that a worker admits.
  void HandleDatagram(Instant now, const Endpoint& from, const std::vector<uint8_t>& bytes);
  void Raise(Instant now, PeerSlot& slot, uint32_t kinds);
  void RunTimers(Instant now);
  absl::Status Apply(Instant now, const DeviceUpdate& update);
  void SetLinkUp(Instant now, bool up);
  // A packet that needs a session: staged, and control is told.
  void Stage(Instant now, PeerSlot& slot, size_t bytes = 84);
  // Sends a packet under the present session, like a worker. False: there is no session.
  bool SendData(Instant now, PeerSlot& slot, size_t bytes = 84);

  absl::Time WallAt(Instant now) const { return wall_at_boot + (now - Instant()); }
  // The slot of the peer that owns the inner address; nullptr: none.
  PeerSlot* SlotOf(const ControlNode& other) const;
  PeerStatus StatusOf(const ControlNode& other, Instant now) const;
  // An update that makes this node a peer of the other, with its inner address, and its endpoint if
  // wanted.
  PeerUpdate AsPeer(bool with_endpoint = true) const;
  Endpoint AsSource() const { return {address, {}, 0}; }
  uint64_t Dropped(DropReason reason) const { return counters.Dropped(reason); }
  uint64_t DroppedTotal() const;
  size_t CountNotices(Notice::Level level) const;

  std::unique_ptr<SharedState> shared = std::make_unique<SharedState>();
  SeededRandom random;
  WorkerCounters counters;
  crypto::PrivateKey private_key;
  crypto::PublicKey public_key{};
  std::unique_ptr<ControlPlane> control;
  SocketAddress address;
  IpAddress inner_address;
  absl::Time wall_at_boot = absl::FromUnixSeconds(1'800'000'000);

  std::vector<ControlDatagram> sent;  // not yet taken by the link
  std::vector<Notice> notices;
  std::vector<crypto::PublicKey> unanswered;
  size_t data_received = 0;  // packets that are not keepalives

 private:
  void CarryOut(Instant now);
  void ReceiveTransport(Instant now, const Endpoint& from, std::vector<uint8_t> bytes);
  bool SealData(Instant now, PeerSlot& slot, const std::vector<uint8_t>& packet);

  crypto::AeadEngine engine_;
  ControlOutput output_;
};

// Two of them and a link that delivers at once, in virtual time. Each has the other as a peer.
class ControlPair {
 public:
  explicit ControlPair(uint64_t seed = 1, bool b_knows_endpoint = true,
                       const ControlOptions& options_a = {}, const ControlOptions& options_b = {});

  ControlNode a;
  ControlNode b;
  Instant now = Instant::FromNanoseconds(1'000'000'000);

  PeerSlot& slot_in_a() const { return *a.SlotOf(b); }
  PeerSlot& slot_in_b() const { return *b.SlotOf(a); }

  // Called for every datagram; false loses it.
  std::function<bool(bool from_a, const ControlDatagram&)> filter;

  // Moves datagrams until both are silent.
  void Deliver();
  // Advances time, stopping at every deadline of either node.
  void Advance(absl::Duration duration);
  // A's initiation, on its way to B but not delivered.
  ControlDatagram TakeInitiation();
  // Starts a session from A to B with a staged packet.
  void Connect();

  // All datagrams on the link, lost ones included.
  struct Seen {
    bool from_a = false;
    Instant at;
    ControlDatagram datagram;
  };
  std::vector<Seen> wire;
  size_t Count(uint8_t type) const;
  size_t CountFrom(bool from_a, uint8_t type) const;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_CONTROL_PAIR_H_
