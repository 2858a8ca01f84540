#include "platform/control/sockets/status_requests.h"

#include <vector>

namespace ringwire::platform {

bool StatusConversation::Produce(std::string* out, size_t about_bytes) {
  while (out->empty()) {
    if (status_.has_value()) {
      if (!status_->Next(out, about_bytes)) {
        status_.reset();
        *out += '\n';
      }
      continue;
    }
    const size_t end = input_.find('\n');
    if (end == std::string::npos) return input_.size() <= kRequestBytesMax;
    const std::string request = input_.substr(0, end);
    input_.erase(0, end + 1);
    Answer(request, out);
  }
  return true;
}

void StatusConversation::Answer(std::string_view request, std::string* out) {
  if (request == "status") {
    status_.emplace(device_->Report(), [this](size_t* cursor, std::vector<PeerStatus>* peers) {
      return device_->ListPeers(cursor, peers);
    });
  } else if (request == "summary") {
    status_.emplace(device_->Report());
  } else if (request == "ping") {
    *out += "{\"ok\":true}\n";
  } else {
    *out +=
        R"({"error":"unknown request; this socket takes status, summary and ping, and changes nothing"})";
    *out += '\n';
  }
}

}  // namespace ringwire::platform
