#include "platform/observe/health.h"

#include <algorithm>

#include "core/wire/constants.h"
#include "fmt/format.h"

namespace ringwire::platform {

bool HasSession(const PeerStatus& peer, absl::Time now) {
  return peer.last_handshake.has_value() && now - *peer.last_handshake < kRejectAfterTime;
}

size_t CountSessions(const StatusReport& report, absl::Time now) {
  return static_cast<size_t>(std::ranges::count_if(
      report.device.peers, [now](const PeerStatus& peer) { return HasSession(peer, now); }));
}

std::string WhyNotReady(const StatusReport& report) {
  if (report.stage != ServiceStage::kReady) return std::string(ServiceStageName(report.stage));
  return report.link_up ? std::string() : std::string("the link is down");
}

Health HealthOf(const StatusReport& report, absl::Time now) {
  const std::string& name = report.interface_name;
  const std::string why = WhyNotReady(report);
  if (!why.empty()) return {false, fmt::format("{}: {}", name, why)};
  return {true, fmt::format("{}: ready, {} of {} peer{} a session", name,
                            CountSessions(report, now), report.device.peers.size(),
                            report.device.peers.size() == 1 ? " has" : "s have")};
}

}  // namespace ringwire::platform
