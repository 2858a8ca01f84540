#ifndef RINGWIRE_PLATFORM_OBSERVE_METRICS_TEXT_H_
#define RINGWIRE_PLATFORM_OBSERVE_METRICS_TEXT_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "platform/control/sockets/status_report.h"

namespace ringwire::platform {

struct InterfaceStatus {
  std::string name;
  std::optional<StatusReport> report;  // absent: the service does not answer
};

struct MetricsOptions {
  // Of an interface; further peers have no series of their own.
  size_t peers_max = 1000;
};

// The state of all interfaces in Prometheus' text format, version 0.0.4. Metrics of peers have the
// names of mdlayher's wireguard_exporter, so that its dashboards work. Pure.
std::string FormatMetrics(std::span<const InterfaceStatus> interfaces, std::string_view version,
                          absl::Time now, const MetricsOptions& options);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_METRICS_TEXT_H_
