#ifndef RINGWIRE_CORE_DATAPATH_HANDSHAKE_GATE_H_
#define RINGWIRE_CORE_DATAPATH_HANDSHAKE_GATE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/counters.h"
#include "core/base/instant.h"
#include "core/datapath/load_sources.h"
#include "core/routing/plane_messages.h"
#include "core/routing/shared_state.h"
#include "core/wire/messages.h"
#include "crypto/random.h"

namespace ringwire {

// The door in front of the control thread: which handshake messages are worth a Diffie-Hellman (WP
// §5.3). Answers must name the index of a message of ours that awaits one. mac1 always; mac2 when
// the source, or the gateway, is under load, or responses crowd; then a token bucket for each
// source. What passes goes into the worker's bounded queue. Cookie replies are bounded as well: a
// flood from invented sources must not make the gateway send as much as it receives. Owned by one
// worker.
class HandshakeGate {
 public:
  // All outlive it. `sources`: of the device.
  HandshakeGate(SharedState* shared, WorkerLink* link, crypto::Random* random,
                WorkerCounters* counters, LoadSources* sources);

  // Admits, or drops with the reason counted. A cookie reply that is due as an answer is returned;
  // the caller sends it. It is made only if `may_reply` and if the worker has not made
  // kCookieRepliesPerSecond lately: it costs more than all the checks. Withheld ones are counted.
  std::optional<CookieReplyMessage> Admit(Instant now, const Endpoint& from, MessageKind kind,
                                          std::span<const uint8_t> message, bool may_reply);

 private:
  // A response or a cookie reply answers a message of ours that awaits one, by its index; counted
  // if not. Looked at first, because it costs less than mac1.
  bool IsExpected(MessageKind kind, std::span<const uint8_t> message);
  // Whether its sender knows our public key; counted if not, and an initiation's source noted.
  bool IsForOurKey(Instant now, const Endpoint& from, MessageKind kind,
                   std::span<const uint8_t> message, const CookieChecker& checker);
  bool IsUnderLoad(Instant now);
  void DeclareLoad(Instant now);
  // Whether the message must show a cookie.
  bool IsCrowded(Instant now, const Endpoint& from, MessageKind kind);
  // The bucket of cookie replies that pays for one to this source; nullptr: it is empty.
  int64_t* ReplyBucket(Instant now, const Endpoint& from);
  void Push(Instant now, const Endpoint& from, MessageKind kind, std::span<const uint8_t> message);

  SharedState* const shared_;
  WorkerLink* const link_;
  crypto::Random* const random_;
  WorkerCounters* const counters_;
  LoadSources* const sources_;
  // Since when a bucket of cookie replies has been filling (boot time, ns); it is empty while that
  // lies in the future. One for the addresses of peers, so that a flood from invented sources
  // leaves them theirs.
  int64_t known_filling_since_ns_ = 0;
  int64_t others_filling_since_ns_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_HANDSHAKE_GATE_H_
