#ifndef RINGWIRE_PLATFORM_SUPERVISOR_CONFIG_LOADER_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_CONFIG_LOADER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "platform/config/config_source.h"

namespace ringwire::platform {

// Reads a configuration file on a thread of its own: a file system may be slow or gone, and the
// service must still end. All calls on one thread.
class ConfigLoader {
 public:
  static constexpr absl::Duration kPatience = absl::Minutes(1);

  ConfigLoader();
  ~ConfigLoader();  // does not wait for the thread
  ConfigLoader(const ConfigLoader&) = delete;
  ConfigLoader& operator=(const ConfigLoader&) = delete;

  absl::Status Start(const std::string& path);
  bool IsLoading() const { return loading_ != nullptr; }
  int fd() const;            // readable: Take() has a result; -1: nothing is being loaded
  Instant deadline() const;  // of the load under way; InfiniteFuture: there is none
  // The result, once; nullopt: not yet.
  std::optional<ConfigSource> Take();
  // Leaves the load under way to itself if its time is over. True: it was.
  bool GiveUp(Instant now);

 private:
  struct Loading;
  std::shared_ptr<Loading> loading_;  // shared with the thread, which may outlive this
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_CONFIG_LOADER_H_
