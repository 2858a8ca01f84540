#ifndef RINGWIRE_CORE_DATAPATH_OUTBOUND_H_
#define RINGWIRE_CORE_DATAPATH_OUTBOUND_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/base/limits.h"
#include "core/datapath/batch.h"
#include "core/datapath/icmp.h"
#include "core/datapath/offload.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "core/wire/ip_packet.h"
#include "crypto/aead.h"

namespace ringwire {

// TUN -> wire. Packets are cut into segments, laid into an arena where they will leave from, sealed
// there, and leave as trains; what cannot go is staged, answered with ICMP, or counted. Owned by
// one worker; the reader must be online during every call. Allocates at construction only (staging
// apart).
class Outbound {
 public:
  // All arguments outlive this object.
  Outbound(SharedState* shared, WorkerLink* link, crypto::AeadEngine* engine,
           WorkerCounters* counters);

  // Starts a batch: the results of to_wire() and icmp_errors() have been sent and are forgotten.
  void Reset();
  // Takes frames from the front and returns how many; fewer than all when the arena is full: send
  // what is there, then Reset() and call again with the rest. Every packet ends in to_wire(), in a
  // staged queue, or under a drop counter.
  size_t Process(Instant now, std::span<const TunFrame> frames);
  // Seals what is staged for a peer, if it has a session to send with. False: the arena is full and
  // some is left. The batch is empty before: control's command must not send another one again.
  bool FlushStaged(Instant now, PeerSlot& peer);

  // Valid until Reset().
  std::span<const SendRun> to_wire() const { return to_wire_; }
  // ICMP errors for packets that could not be sent, for TUN.
  TunWriteBatch icmp_errors() const { return {icmp_writes_, icmp_pieces_}; }

 private:
  // Where packets to an address go. Looked up once for consecutive packets of one call of
  // Process().
  struct Destination {
    IpAddress address;
    PeerSlot* peer = nullptr;  // null: no peer owns the address
    bool has_endpoint = false;
    Endpoint endpoint;
    Keypair* keypair = nullptr;  // null: not looked up yet, or none
  };

  // The route of a packet.
  struct Route {
    PeerSlot* peer = nullptr;
    Keypair* keypair = nullptr;
    Endpoint endpoint;
    uint8_t outer_tos = 0;
    friend bool operator==(const Route&, const Route&) = default;
  };

  // Plain packets of one route whose sealed sizes are equal (the last may be smaller), in order,
  // still where they were read: to be one train. A peer has at most one of these, so none of its
  // packets overtakes another.
  struct Collected {
    Route route;
    uint32_t sealed_bytes = 0;  // of all but the last
    uint32_t last_bytes = 0;    // of the last, sealed
    uint32_t count = 0;         // 0: not in use
    std::array<std::span<const uint8_t>, kTrainSegmentsMax> packets;
  };

  // False: the arena is full, the frame was not taken.
  bool ProcessFrame(Instant now, std::span<uint8_t> bytes);
  bool Forward(Instant now, const SplitPlan& plan, std::span<uint8_t> packet, const IpPacket& ip);
  // What the path to the peer demands of a packet above PeerPath::attention_above. False: it is
  // done with.
  bool FitPath(Instant now, PeerSlot& peer, const SplitPlan& plan, std::span<uint8_t> packet,
               const IpPacket& ip);
  // Makes last_ that of this address.
  void FindDestination(const IpAddress& address);
  // `message`: the beginning of a datagram from our port to the peer's endpoint.
  bool IsOwnMessage(const PeerSlot& peer, std::span<const uint8_t> message) const;
  // The session to send with, or nullptr.
  Keypair* SessionOf(Instant now, const PeerSlot& peer) const;
  // Adds a plain packet to a train. `sealed_bytes`: its size when sealed.
  bool Collect(Instant now, const Route& route, std::span<const uint8_t> packet,
               uint32_t sealed_bytes);
  // Lays out and seals the packets collected for the peer, or for all peers: later packets must not
  // overtake them.
  void FlushPeer(Instant now, const PeerSlot& peer);
  void FlushAll(Instant now);
  Collected* FindCollected(const PeerSlot& peer);
  void Flush(Instant now, Collected* collected);
  // Likewise; `sealed_bytes` is that of every segment but the last.
  bool LayOut(Instant now, const Route& route, const SplitPlan& plan,
              std::span<const uint8_t> packet, uint32_t sealed_bytes);
  // Room for one more sealed message at the end of the open train, or of a new one; `segments_max`
  // ends a train.
  uint8_t* NextMessage(Instant now, const Route& route, uint32_t sealed_bytes,
                       uint32_t segments_max);
  void SealOpenTrain(Instant now);

  // FlushStaged() behind what the batch has already.
  bool SealStaged(Instant now, PeerSlot& peer);
  void Stage(Instant now, PeerSlot& peer, const SplitPlan& plan, std::span<const uint8_t> packet);
  // Cuts it first if the path to the peer is narrow and the packet allows it.
  void StagePacket(PeerSlot& peer, std::span<const uint8_t> packet);
  void Push(PeerSlot& peer, std::span<const uint8_t> packet);
  // `mtu`: for kPacketTooBig.
  void Refuse(DropReason reason, IcmpError error, uint32_t segments,
              std::span<const uint8_t> packet, uint32_t mtu = 0);

  SharedState* const shared_;
  WorkerLink* const link_;
  crypto::AeadEngine* const engine_;
  WorkerCounters* const counters_;

  // The device's MTU, read once a call: control may change it between the check of a size and its
  // use.
  uint32_t mtu_ = 0;
  Destination last_;

  // Sealed messages one after another; a train is a part of it.
  const std::unique_ptr<uint8_t[]> arena_;
  size_t arena_used_ = 0;
  size_t arena_promised_ = 0;  // to what is collected
  std::vector<SendRun> to_wire_;
  // The last train of to_wire_ is not sealed yet and still accepts messages of this route.
  bool has_open_train_ = false;
  Route open_route_;
  std::array<crypto::SealSegment, kTrainSegmentsMax> seal_;

  // With more peers than slots, trains get shorter: the oldest one leaves.
  static constexpr size_t kCollectedMax = 8;
  std::array<Collected, kCollectedMax> collected_;
  size_t next_collected_ = 0;  // the one that was taken into use the longest ago

  // Answers to packets that cannot go, a batch. Full: the packet is dropped without one, as it may
  // be; its sender tries again.
  static constexpr size_t kIcmpErrorsMax = 16;
  const std::unique_ptr<uint8_t[]> icmp_bytes_;
  std::vector<TunWrite> icmp_writes_;
  std::vector<Piece> icmp_pieces_;

  // A packet on its way into or out of a staged queue, and a fragment of it.
  std::vector<uint8_t> staging_;
  std::vector<uint8_t> fragment_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_OUTBOUND_H_
