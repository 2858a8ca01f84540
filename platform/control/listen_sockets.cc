#include "platform/control/listen_sockets.h"

#include <utility>

#include "core/base/status_macros.h"

namespace ringwire::platform {

namespace {

void AddSockets(const UdpSockets& pair, std::vector<int>* sockets) {
  for (const UniqueFd* fd : {&pair.v4, &pair.v6}) {
    if (fd->valid()) sockets->push_back(fd->get());
  }
}

}  // namespace

std::vector<int> SocketsOf(std::span<const std::unique_ptr<Worker>> workers) {
  std::vector<int> sockets;
  for (const auto& worker : workers) AddSockets(worker->sockets(), &sockets);
  return sockets;
}

UdpSocketsView ViewOf(std::span<const std::unique_ptr<Worker>> workers, uint16_t port) {
  const UdpSockets& first = workers.front()->sockets();
  return {port, first.v4.valid(), first.v6.valid(), SocketsOf(workers)};
}

UdpSocketsView ViewOf(const UdpSocketGroup& group) {
  const UdpSockets& first = group.workers.front();
  UdpSocketsView view{group.port, first.v4.valid(), first.v6.valid(), {}};
  for (const UdpSockets& pair : group.workers) AddSockets(pair, &view.sockets);
  return view;
}

bool ListenSockets::PortChanges(const DeviceUpdate& update) const {
  if (!update.listen_port.has_value() || *update.listen_port == requested_port_) return false;
  return *update.listen_port != port_;
}

bool ListenSockets::WouldChange(const DeviceUpdate& update) const {
  return PortChanges(update) || (update.fwmark.has_value() && *update.fwmark != fwmark_);
}

absl::Status ListenSockets::Change(const DeviceUpdate& update, const Users& users) {
  const uint32_t fwmark = update.fwmark.value_or(fwmark_);
  if (PortChanges(update)) {
    UdpOptions options;
    options.port = *update.listen_port;
    options.workers = users.workers.size();
    options.fwmark = fwmark;
    options.gro = users.gro;
    ASSIGN_OR_RETURN(UdpSocketGroup group, users.source->Open(options, users.asker));
    for (size_t i = 0; i < users.workers.size(); ++i) {
      RETURN_IF_ERROR(users.workers[i]->ReplaceSockets(std::move(group.workers[i])));
    }
    port_ = group.port;
  } else if (fwmark != fwmark_) {
    // The mark belongs to the socket, so its worker is not involved.
    RETURN_IF_ERROR(users.source->Mark(SocketsOf(users.workers), fwmark, users.asker));
  }
  fwmark_ = fwmark;
  requested_port_ = update.listen_port.value_or(requested_port_);
  return absl::OkStatus();
}

}  // namespace ringwire::platform
