#ifndef RINGWIRE_PLATFORM_OBSERVE_PAGE_JSON_H_
#define RINGWIRE_PLATFORM_OBSERVE_PAGE_JSON_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/time/time.h"
#include "platform/observe/metrics_text.h"
#include "platform/observe/page_history.h"

// What the page reads (deploy/page/page.js), without any secret. Pure.
namespace ringwire::platform {

// Of all interfaces together; the page says how many it does not get.
inline constexpr size_t kPagePeersMax = 20'000;
// Of one peer; then it says how many there are.
inline constexpr size_t kPageAllowedIpsMax = 4;

// Everything but peers: interfaces, workers, drops, and the samples of `history`.
std::string PageSummaryJson(std::span<const InterfaceStatus> interfaces, const PageHistory& history,
                            absl::Time now);

// The peers of all interfaces, each a list, at most `peers_max`.
std::string PagePeersJson(std::span<const InterfaceStatus> interfaces, absl::Time now,
                          size_t peers_max = kPagePeersMax);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_PAGE_JSON_H_
