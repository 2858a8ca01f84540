#ifndef RINGWIRE_PLATFORM_APP_SHOW_TEXT_H_
#define RINGWIRE_PLATFORM_APP_SHOW_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "platform/control/sockets/status_report.h"

namespace ringwire::platform {

// The order of peers.
enum class ShowSort : uint8_t {
  kHandshake,  // the newest one first
  kName,       // those without a name last, by their keys
  kTraffic,    // most bytes first
  kEndpoint,   // by address; those without one last
};

struct ShowOptions {
  bool colour = false;
  bool workers = false;  // counts of workers and the state of offloads as well
  ShowSort sort = ShowSort::kHandshake;
  std::string filter = {};  // only peers with this in name, key, endpoint or allowed IPs
  std::string access = {};  // a line about a client's lease; empty: it has none
  size_t width = 0;         // of the terminal: longer lines are broken; 0: none are
};

// The report as `wg show` prints it, a peer with a name under its name; then what only ringwire
// knows: link, workers, backend, drops. Pure.
std::string FormatShow(const StatusReport& report, absl::Time now, const ShowOptions& options = {});

// "1 minute, 3 seconds ago", "Now"; a time in the future is named as the clock problem it is.
std::string FormatAgo(absl::Time then, absl::Time now);
// "1.34 KiB"
std::string FormatBytes(uint64_t bytes);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_SHOW_TEXT_H_
