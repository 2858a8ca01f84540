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
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "crypto/aead.h"
#include "crypto/random.h"

namespace ringwire {

// What the TUN device takes: superpackets of these kinds.
struct InboundOptions {
  bool coalesce_tcp = false;
  bool coalesce_udp = false;
};

// Wire -> TUN. Transport messages are opened in place, checked in the order authenticate, replay,
// route, and merged into writes for TUN; handshakes go through the gate to control. Owned by one
// worker; allocates at construction only.
class Inbound {
 public:
  Inbound(SharedState* shared, WorkerLink* link, crypto::AeadEngine* engine, crypto::Random* random,
          WorkerCounters* counters, const InboundOptions& options);

  // Opens a whole batch (at most kBatchRunsMax runs), in place. What the last batch's results
  // pointed to is gone.
  void Process(Instant now, std::span<const ReceivedRun> runs);

  // Between batches: the kernel refused a superpacket, so none is made any more.
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
  void Deliver(const ReceivedRun& received, const PeerSlot& peer, std::span<uint8_t> plaintext);

  SharedState* const shared_;
  WorkerLink* const link_;
  crypto::AeadEngine* const engine_;
  WorkerCounters* const counters_;
  HandshakeGate gate_;
  Coalescer coalescer_;

  Keypair* collected_for_ = nullptr;
  size_t collected_ = 0;
  std::array<crypto::OpenSegment, kTrainSegmentsMax> open_;

  TunWriteBatch to_tun_;
  static constexpr size_t kCookieRepliesMax = 64;  // a batch; a flood gets no more
  std::vector<CookieReplyMessage> replies_;
  std::vector<SendRun> to_wire_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_INBOUND_H_
