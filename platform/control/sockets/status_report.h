#ifndef RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REPORT_H_
#define RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REPORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/counters.h"
#include "core/config/peer_reader.h"
#include "core/device/device_update.h"
#include "crypto/aead.h"

// The state of a running device on the status socket: everything except secrets.
namespace ringwire::platform {

using NamedCounts = std::vector<std::pair<std::string, uint64_t>>;

struct WorkerReport {
  size_t index = 0;
  std::string backend;
  NamedCounts counts;
  uint64_t cpu_us = 0;  // that its thread has used since it started
};

// One rung of the capability ladder.
struct OffloadReport {
  std::string name;
  std::string state;  // on, off, unused, refused or fell
  std::string why;    // the reason for a state other than on; for on: why that could not be proved
  uint64_t falls = 0;
};

// The confinement of the device's process.
struct SandboxReport {
  uint32_t user = 0;                       // that it runs as
  std::vector<std::string> missing_walls;  // lines for people
  uint64_t refused_calls = 0;              // of the system
  int last_refused_call = -1;              // its number; -1: none
};

// A service that starts runs its hooks, and one that drains is ending: neither is ready.
enum class ServiceStage : uint8_t { kStarting, kReady, kDraining };
std::string_view ServiceStageName(ServiceStage stage);

struct StatusReport {
  std::string interface_name;
  ServiceStage stage = ServiceStage::kStarting;
  std::string version;
  std::string network_namespace;  // of the interface; empty: that of its sockets
  // The name of each suite's provider; empty for a suite that is not used on this machine.
  std::array<std::string, crypto::kAeadSuiteCount> aead_providers;
  uint32_t mtu = 0;
  bool link_up = false;
  bool has_private_key = false;
  // Without private and preshared keys; has_preshared_key says for each peer whether there is one.
  DeviceStatus device;
  std::vector<bool> has_preshared_key;
  size_t peer_count = 0;  // also where the peers themselves are left out
  std::vector<WorkerReport> workers;
  std::vector<OffloadReport> offloads;
  NamedCounts drops;  // of all threads and the kernel, those that are not zero
  SandboxReport sandbox;
};

// Removes the secrets from `status` and puts the rest into the report.
void SetDevice(DeviceStatus status, StatusReport* report);
std::array<std::string, crypto::kAeadSuiteCount> ProviderNames(
    const crypto::AeadProviders& providers, bool has_aes);
// Every count of a device's handshakes.
NamedCounts CountsOf(const HandshakeCounts& counts);
// Every count of a worker except its drops.
NamedCounts CountsOf(const WorkerCounters& counters);
// Adds up the threads' drops.
NamedCounts DropsOf(const std::vector<const WorkerCounters*>& threads);

// Writes a report as one line of JSON, without the newline, in parts: an answer about many peers
// then takes little memory and holds up nobody. Thread-compatible.
class StatusWriter {
 public:
  // `more` lists the peers after those of `report`. Their secrets are left out.
  explicit StatusWriter(StatusReport report, ListPeersFunction more = nullptr);

  // Appends whole peers until those are `about_bytes` or more. False: the line is complete.
  bool Next(std::string* out, size_t about_bytes);

 private:
  StatusReport report_;  // without its peers
  PeerReader peers_;
  size_t written_ = 0;  // peers
  bool has_begun_ = false;
};

// The whole line.
std::string ToJson(StatusReport report);
// Of this version or an older one; fields that it does not have are empty. InvalidArgument: not a
// valid line. FailedPrecondition: a newer version wrote it.
absl::StatusOr<StatusReport> ReportFromJson(std::string_view json);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_SOCKETS_STATUS_REPORT_H_
