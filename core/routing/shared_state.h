#ifndef RINGWIRE_CORE_ROUTING_SHARED_STATE_H_
#define RINGWIRE_CORE_ROUTING_SHARED_STATE_H_

#include <atomic>
#include <cstdint>

#include "core/base/limits.h"
#include "core/base/quiescence.h"
#include "core/noise/cookie.h"
#include "core/routing/allowed_ips.h"
#include "core/routing/index_table.h"
#include "core/routing/known_sources.h"
#include "core/routing/staged_queue.h"

namespace ringwire {

// The state of one device that both planes share. Control is its single writer; workers read while
// online in `quiescence` (exceptions are named at the members). Outlives every worker.
struct SharedState {
  // Must be first: it outlives the slots of removed peers that still wait in `quiescence`.
  StagedPool staged_pool;
  QuiescenceDomain quiescence;
  AllowedIps allowed_ips{&quiescence};
  IndexTable index_table{&quiescence};
  KnownSources known_sources;

  // nullptr while the device has no private key: handshakes are dropped.
  std::atomic<const CookieChecker*> cookie_checker{nullptr};
  // The link is set up. While it is down nothing is sent and nothing accepted.
  std::atomic<bool> device_up{false};
  // The TUN device's MTU: the clamp of padding.
  std::atomic<uint32_t> mtu{1420};
  // The UDP port that the device sends from. It recognises its own datagrams by this port when
  // routing leads them back.
  std::atomic<uint16_t> listen_port{0};
  // Until this time (boot time, ns) every source must show a cookie. Any worker that sees too many
  // initiations wait writes it.
  std::atomic<int64_t> under_load_until_ns{0};
  // Admitted handshake messages that control has not handled: workers add, control takes away.
  std::atomic<uint32_t> initiations_waiting{0};
  std::atomic<uint32_t> answers_waiting{0};
  // How many initiations may wait until every source must show a cookie. Control writes it.
  std::atomic<uint32_t> initiations_before_load{kInitiationsInStorm};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_SHARED_STATE_H_
