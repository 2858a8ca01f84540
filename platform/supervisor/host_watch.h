#ifndef RINGWIRE_PLATFORM_SUPERVISOR_HOST_WATCH_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_HOST_WATCH_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/config/config_file.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/host/journal_monitor.h"
#include "platform/netlink/network_changes.h"
#include "platform/netlink/nft_monitor.h"
#include "platform/netlink/route_monitor.h"

namespace ringwire::platform {

// Notices that the host around a tunnel changes, and says when to look at its local networks: soon,
// but not all the time. Thread-compatible.
class HostWatch {
 public:
  // `state_folder`: where the journals are.
  explicit HostWatch(std::string state_folder);

  // Follows what a tunnel of this configuration depends on, except an interface in a network
  // namespace of its own.
  absl::Status Follow(const ConfigFile& config);
  // Follows the network namespace that the calling thread is in, from the first call on.
  absl::Status FollowNetwork();
  // Also this nft table of that namespace; empty: none.
  void FollowTable(const std::string& table);

  int fd() const { return poll_.get(); }  // readable: Notice() has something to do
  struct Seen {
    NetworkChanges network;
    NftMonitor::Changes nft;
  };
  // The changes since the last call.
  Seen Notice(Instant now, const TunnelObjects& tunnel);

  // When to look at local networks; InfiniteFuture: nothing has changed.
  Instant look_at() const { return look_at_; }
  // True, once, when that time has come.
  bool TakeLook(Instant now);
  // The look took this long. On a router with very many routes one takes a while, so the next ones
  // are rare enough to cost a few per cent of a CPU.
  void NoteCost(Instant now, absl::Duration cost);

 private:
  void Watch(int fd);

  const std::string state_folder_;
  UniqueFd poll_;  // epoll
  std::optional<RouteMonitor> routes_;
  std::optional<NftMonitor> nft_;
  std::optional<JournalMonitor> journals_;  // of other tunnels
  Instant look_at_ = Instant::InfiniteFuture();
  Instant earliest_look_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_HOST_WATCH_H_
