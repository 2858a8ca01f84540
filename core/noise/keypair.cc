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

std::optional<uint64_t> Keypair::ReserveCounters(uint64_t count, uint64_t sealed_bytes) {
  DCHECK(count > 0);
  if (suite_ == crypto::AeadSuite::kAes256Gcm && !ReserveBytes(sealed_bytes)) {
    ExpireSending();
    return std::nullopt;
  }
  // A bare fetch_add would also count a refused request. Only 2^13 numbers lie between the limit
  // and the wrap to zero, fewer than the workers can request at once, and after the wrap every
  // nonce is a reused one. So the counter only grows by what fits and never exceeds the limit, for
  // any number of calls and threads. Relaxed is enough: the counter orders nothing else.
  uint64_t first = send_counter_.load(std::memory_order_relaxed);
  do {
    if (first >= kRejectAfterMessages || count > kRejectAfterMessages - first) return std::nullopt;
  } while (!send_counter_.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
  return first;
}

// As for the counter: grows only by what fits and never exceeds the limit.
bool Keypair::ReserveBytes(uint64_t bytes) {
  uint64_t used = sealed_bytes_.load(std::memory_order_relaxed);
  do {
    if (bytes > kAesRejectAfterBytes - used) return false;
  } while (!sealed_bytes_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

bool Keypair::HasRoomFor(uint64_t count, uint64_t sealed_bytes) const {
  const uint64_t counters = counters_reserved();
  return counters < kRejectAfterMessages && count <= kRejectAfterMessages - counters &&
         (suite_ != crypto::AeadSuite::kAes256Gcm ||
          sealed_bytes <= kAesRejectAfterBytes - bytes_reserved());
}

bool Keypair::WantsRekeyByUse() const {
  return counters_reserved() > kRekeyAfterMessages || bytes_reserved() > kAesRekeyAfterBytes;
}

}  // namespace ringwire
