#ifndef RINGWIRE_PLATFORM_OBSERVE_EXPORTER_H_
#define RINGWIRE_PLATFORM_OBSERVE_EXPORTER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"
#include "platform/observe/metrics_text.h"

namespace ringwire::platform {

struct ExporterOptions {
  std::string version;
  MetricsOptions metrics;
  // Asks every interface for its status. Called on a thread of its own; it has deadlines.
  std::function<std::vector<InterfaceStatus>()> collect;
  // The same without peers, for the page; absent: there is no page.
  std::function<std::vector<InterfaceStatus>()> collect_summaries = {};
};

// Serves /metrics, /healthz and /readyz, and with `collect_summaries` a page for people. One
// collection runs at a time and answers everybody who waits for one, so that many requests cost the
// services no more than one. Two threads: one serves, one collects.
class Exporter {
 public:
  // Starts the collecting thread. `listener`: of HttpServer. `stop_fd`, which outlives it, is
  // readable when Run() is to end.
  static absl::StatusOr<std::unique_ptr<Exporter>> Start(UniqueFd listener, int stop_fd,
                                                         ExporterOptions options);
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // Serves until it is to end. Opens no descriptor but those of connections.
  absl::Status Run();

 private:
  class Impl;
  explicit Exporter(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_EXPORTER_H_
