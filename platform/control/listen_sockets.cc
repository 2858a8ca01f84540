#include "platform/control/listen_sockets.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace ringwire::platform {
namespace {

// The mark belongs to the socket, not to the descriptor: set it through duplicates, which the
// workers don't notice.
absl::Status MarkAll(std::span<const std::unique_ptr<Worker>> workers, uint32_t fwmark) {
  UdpSocketGroup group;
  for (const auto& worker : workers) {
    UdpSockets pair;
    const UdpSockets& sockets = worker->sockets();
    if (sockets.v4.valid()) pair.v4 = UniqueFd(::fcntl(sockets.v4.get(), F_DUPFD_CLOEXEC, 0));
    if (sockets.v6.valid()) pair.v6 = UniqueFd(::fcntl(sockets.v6.get(), F_DUPFD_CLOEXEC, 0));
    if (sockets.v4.valid() != pair.v4.valid() || sockets.v6.valid() != pair.v6.valid()) {
      return absl::ErrnoToStatus(errno, "mark the UDP sockets");
    }
    group.workers.push_back(std::move(pair));
  }
  return SetFwmark(group, fwmark);
}

}  // namespace

bool ListenSockets::PortChanges(const DeviceUpdate& update) const {
  if (!update.listen_port.has_value() || *update.listen_port == requested_port_) return false;
  return *update.listen_port != port_;
}

bool ListenSockets::WouldChange(const DeviceUpdate& update) const {
  return PortChanges(update) || (update.fwmark.has_value() && *update.fwmark != fwmark_);
}

absl::Status ListenSockets::Change(const DeviceUpdate& update,
                                   std::span<const std::unique_ptr<Worker>> workers, bool gro) {
  const uint32_t fwmark = update.fwmark.value_or(fwmark_);
  if (PortChanges(update)) {
    UdpOptions options;
    options.port = *update.listen_port;
    options.workers = workers.size();
    options.fwmark = fwmark;
    options.gro = gro;
    absl::StatusOr<UdpSocketGroup> group = OpenUdpSockets(options);
    if (!group.ok()) return group.status();
    for (size_t i = 0; i < workers.size(); ++i) {
      const absl::Status status = workers[i]->ReplaceSockets(std::move(group->workers[i]));
      if (!status.ok()) return status;
    }
    port_ = group->port;
  } else if (fwmark != fwmark_) {
    const absl::Status status = MarkAll(workers, fwmark);
    if (!status.ok()) return status;
  }
  fwmark_ = fwmark;
  requested_port_ = update.listen_port.value_or(requested_port_);
  return absl::OkStatus();
}

}  // namespace ringwire::platform
