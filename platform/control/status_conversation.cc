#include "platform/control/status_conversation.h"

#include <algorithm>

#include "core/control/key_text.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {
namespace {

constexpr std::string_view kForget = "forget ";

std::string ErrorLine(std::string_view why) {
  const nlohmann::json json = {{"error", std::string(why)}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

bool StatusConversation::Produce(std::string* out, size_t about_bytes) {
  if (answer_begin_ == answer_.size()) {
    const size_t end = input_.find('\n');
    if (end == std::string::npos) return input_.size() <= kRequestBytesMax;
    answer_ = Answer(std::string_view(input_).substr(0, end)) + '\n';
    answer_begin_ = 0;
    input_.erase(0, end + 1);
  }
  const size_t size = std::min(about_bytes, answer_.size() - answer_begin_);
  out->append(answer_, answer_begin_, size);
  answer_begin_ += size;
  if (answer_begin_ == answer_.size()) {
    answer_.clear();
    answer_begin_ = 0;
  }
  return true;
}

std::string StatusConversation::Answer(std::string_view request) {
  if (request == "status") return ToJson(device_->Report());
  if (request == "reload") {
    const absl::Status status = device_->Reload();
    if (!status.ok()) return ErrorLine({status.message().data(), status.message().size()});
    return R"({"ok":true})";
  }
  if (request.starts_with(kForget)) {
    crypto::PublicKey peer{};
    if (!ParseKeyBase64(request.substr(kForget.size()), peer)) {
      return ErrorLine("not a public key: 44 characters of base64 are meant");
    }
    if (!device_->Forget(peer)) return ErrorLine("nothing is remembered of this peer");
    return R"({"ok":true})";
  }
  return ErrorLine("unknown request: status, reload or forget KEY are meant");
}

}  // namespace ringwire::platform
