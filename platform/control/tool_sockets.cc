#include "platform/control/tool_sockets.h"

#include <sys/epoll.h>

#include <algorithm>

#include "core/base/status_macros.h"
#include "platform/control/sockets/status_requests.h"
#include "platform/control/sockets/uapi_conversation.h"

namespace ringwire::platform {

absl::Status ToolSockets::ServeUapi(UnixListener listener, std::function<void()> on_file_gone) {
  uapi_ = std::make_unique<SocketServer>(
      poll_, std::move(listener), [this] { return std::make_unique<UapiConversation>(device_); });
  absl::Status status = uapi_->Start();
  if (status.ok() && !uapi_->listener().path().empty()) status = WatchFile(std::move(on_file_gone));
  return status;
}

absl::Status ToolSockets::WatchFile(std::function<void()> on_file_gone) {
  ASSIGN_OR_RETURN(SocketFileWatch watch, SocketFileWatch::Open(uapi_->listener().path()));
  file_watch_.emplace(std::move(watch));
  // Others could delete it before it was watched.
  if (!uapi_->listener().FileIsOurs()) on_file_gone();
  return poll_->Add(file_watch_->fd(), EPOLLIN,
                    [this, on_file_gone = std::move(on_file_gone)](uint32_t) {
                      const bool moved = file_watch_->ReadMoved();
                      if (moved || !uapi_->listener().FileExists()) on_file_gone();
                    });
}

absl::Status ToolSockets::ServeStatus(UnixListener listener) {
  status_ = std::make_unique<SocketServer>(
      poll_, std::move(listener), [this] { return std::make_unique<StatusConversation>(device_); });
  return status_->Start();
}

absl::Status ToolSockets::ServeAdmin(UnixListener listener) {
  admin_ = std::make_unique<AdminServer>(
      poll_, std::move(listener), [this](const AdminRequest& request, const AdminAnswer& answer) {
        answer(DoWithoutFile(request, device_));
      });
  return admin_->Start();
}

Instant ToolSockets::due() const {
  Instant due = Instant::InfiniteFuture();
  for (const SocketServer* const server : {uapi_.get(), status_.get()}) {
    if (server != nullptr) due = std::min(due, server->due());
  }
  if (admin_ != nullptr) due = std::min(due, admin_->due());
  return due;
}

void ToolSockets::CloseStalled(Instant now) {
  for (SocketServer* const server : {uapi_.get(), status_.get()}) {
    if (server != nullptr) server->CloseStalled(now);
  }
  if (admin_ != nullptr) admin_->CloseStalled(now);
}

void ToolSockets::Close() {
  if (file_watch_.has_value()) poll_->Remove(file_watch_->fd());
  file_watch_.reset();
  uapi_.reset();
  status_.reset();
  admin_.reset();
}

AdminResult DoWithoutFile(const AdminRequest& request, DeviceControl* device) {
  if (request.verb == AdminVerb::kForget) {
    if (device->Forget(request.peer)) return {};
    return {false, "nothing is remembered of this peer"};
  }
  if (request.verb == AdminVerb::kUpgrade) {
    return {false,
            "this device has no supervisor, which would hold its interface; end it and start it "
            "again (`ringwire run` and `up` start one with a supervisor)"};
  }
  return {false,
          "this device has no configuration file (it was not started with `ringwire run` or `up`)"};
}

}  // namespace ringwire::platform
