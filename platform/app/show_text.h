#ifndef RINGWIRE_PLATFORM_APP_SHOW_TEXT_H_
#define RINGWIRE_PLATFORM_APP_SHOW_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "platform/control/sockets/status_report.h"

namespace ringwire::platform {

// The report as `wg show` prints it, peers by their latest handshake, newest first; then what only
// ringwire knows: link, workers, backend, drops. Pure.
std::string FormatShow(const StatusReport& report, absl::Time now, bool colour);

// "1 minute, 3 seconds ago", "Now"; a time in the future is named as the clock problem it is.
std::string FormatAgo(absl::Time then, absl::Time now);
// "1.34 KiB"
std::string FormatBytes(uint64_t bytes);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_SHOW_TEXT_H_
