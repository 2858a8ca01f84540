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

Health HealthOf(const StatusReport& report, absl::Time now) {
  const std::string& name = report.interface_name;
  if (report.stage != ServiceStage::kReady) {
    return {false, fmt::format("{}: {}", name, ServiceStageName(report.stage))};
  }
  if (!report.link_up) return {false, fmt::format("{}: the link is down", name)};
  return {true, fmt::format("{}: ready, {} of {} peer{} a session", name,
                            CountSessions(report, now), report.device.peers.size(),
                            report.device.peers.size() == 1 ? " has" : "s have")};
}

}  // namespace ringwire::platform
