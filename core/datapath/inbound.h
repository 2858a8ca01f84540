#ifndef RINGWIRE_CORE_DATAPATH_INBOUND_H_
#define RINGWIRE_CORE_DATAPATH_INBOUND_H_

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
#include "core/datapath/coalesce.h"
#include "core/datapath/handshake_gate.h"
#include "core/datapath/load_sources.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "crypto/aead.h"
#include "crypto/random.h"

namespace ringwire {

// The kinds of superpackets that the TUN device accepts.
struct InboundOptions {
  bool coalesce_tcp = false;
  bool coalesce_udp = false;
};

// Wire -> TUN. Transport messages are opened in place, checked in the order authenticate, replay,
// route, put into the order in which they were sealed, and merged into writes for TUN; handshakes
// go through the gate to control. Owned by one worker; allocates at construction only.
class Inbound {
 public:
  // All outlive it. `sources`: of the device.
  Inbound(SharedState* shared, WorkerLink* link, crypto::AeadEngine* engine, crypto::Random* random,
          WorkerCounters* counters, LoadSources* sources, const InboundOptions& options);

  // Opens a whole batch (at most kBatchRunsMax runs), in place. The results of the last batch
  // become invalid.
  void Process(Instant now, std::span<const ReceivedRun> runs);

  // Call between batches: the kernel refused a superpacket, so no more are made.
  void StopMerging() { coalescer_.StopMerging(); }

  // Valid until the next Process(); the bytes lie in the runs' own buffers.
  TunWriteBatch to_tun() const { return to_tun_; }
  // Cookie replies.
  std::span<const SendRun> to_wire() const { return to_wire_; }

 private:
  void ProcessRun(Instant now, const ReceivedRun& received);
  void ProcessHandshake(Instant now, const ReceivedRun& received, MessageKind kind,
                        std::span<const uint8_t> message);
  // Collects a transport segment; opens what was collected first when it belongs to another
  // session.
  void Collect(Instant now, const ReceivedRun& received, std::span<uint8_t> message);
  void OpenCollected(Instant now, const ReceivedRun& received);
  void Authenticated(Instant now, const ReceivedRun& received, Keypair& keypair, uint64_t bytes);

  // A packet of the peer that owns the key: opened, and new.
  struct Opened {
    const Keypair* keypair = nullptr;
    uint64_t counter = 0;
    uint8_t* data = nullptr;
    uint32_t size = 0;  // of the plaintext, padding included
    uint8_t outer_tos = 0;
    uint16_t path_bytes_max = 0;  // PeerPath::packet_bytes_max
  };
  // Appends a packet to the held ones. A packet that `is_late` goes before those of its key that
  // were sealed after it. Packets of different keys are not reordered: their counters cannot be
  // compared.
  void Hold(const Opened& opened, bool is_late);
  // Delivers the first `count` held packets.
  void DeliverHeld(size_t count);
  void Deliver(const Opened& opened);
  // A plaintext that is no IP packet.
  void TakeProbe(const Opened& opened);
  // Exactly the owner of the longest prefix, not merely a peer whose prefixes contain the address
  // (rule 10).
  const PeerSlot* OwnerOf(const IpAddress& source);

  SharedState* const shared_;
  WorkerLink* const link_;
  crypto::AeadEngine* const engine_;
  WorkerCounters* const counters_;
  HandshakeGate gate_;
  Coalescer coalescer_;

  Keypair* collected_for_ = nullptr;
  size_t collected_ = 0;
  std::array<crypto::OpenSegment, kTrainSegmentsMax> open_;

  // Packets wait here for reordered ones: at least a train's, at most until the batch ends. More
  // packets would leave the cache before their checksums are computed. The limit also bounds the
  // cost of a peer that counts backwards.
  static constexpr size_t kHeldMax = 2 * kTrainSegmentsMax;
  std::array<Opened, kHeldMax> held_;
  size_t held_count_ = 0;

  // The last answer of OwnerOf() in this batch: most packets of a batch have one source.
  IpAddress last_source_;
  const PeerSlot* last_owner_ = nullptr;

  TunWriteBatch to_tun_;
  // At most one for each run, whose messages have one source: so a train of a flooder never uses up
  // the replies to others.
  std::vector<CookieReplyMessage> replies_;
  bool run_has_reply_ = false;
  // A train of handshake messages is a flood of one source: it must not hold up the data behind it.
  static constexpr uint32_t kHandshakesPerRunMax = 16;
  uint32_t run_handshakes_ = 0;
  std::vector<SendRun> to_wire_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_INBOUND_H_
