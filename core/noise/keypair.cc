#include "core/noise/keypair.h"

#include "core/base/check.h"
#include "core/wire/constants.h"

namespace ringwire {

Keypair::Keypair(const SessionKeys& keys, PeerSlot* peer, Instant now)
    : peer_(peer),
      send_key_(keys.suite, keys.send),
      receive_key_(keys.suite, keys.receive),
      local_index_(keys.local_index),
      remote_index_(keys.remote_index),
      is_initiator_(keys.is_initiator),
      suite_(keys.suite),
      created_at_(now),
      reject_at_(now + kRejectAfterTime),
      rekey_on_send_at_(keys.is_initiator ? now + kRekeyAfterTime : Instant::InfiniteFuture()),
      rekey_on_receive_at_(keys.is_initiator ? now + kRekeyOnReceiveAfterTime
                                             : Instant::InfiniteFuture()) {}

std::optional<uint64_t> Keypair::ReserveCounters(uint64_t count) {
  DCHECK(count > 0);
  // A bare fetch_add would also count what it then refuses. Only 2^13 numbers lie between the limit
  // and zero, less than the workers can ask for at once, and behind zero every nonce is a used one.
  // So the counter is raised only by what fits: it never exceeds the limit, however often and from
  // however many threads it is asked. Relaxed is enough, since the counter orders nothing but
  // itself.
  uint64_t first = send_counter_.load(std::memory_order_relaxed);
  do {
    if (first >= kRejectAfterMessages || count > kRejectAfterMessages - first) return std::nullopt;
  } while (!send_counter_.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
  return first;
}

bool Keypair::WantsRekeyByCount() const { return counters_reserved() > kRekeyAfterMessages; }

}  // namespace ringwire
