#include "platform/control/sockets/status_conversation.h"

#include <algorithm>
#include <utility>

#include "core/device/key_text.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {
namespace {

constexpr std::string_view kForget = "forget ";

std::string Line(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string ErrorLine(std::string_view why) { return Line({{"error", std::string(why)}}); }

std::string ResultLine(const ServiceResult& result) {
  if (!result.ok) return ErrorLine(result.text);
  nlohmann::json json = {{"ok", true}};
  if (!result.text.empty()) json["warnings"] = result.text;
  return Line(json);
}

}  // namespace

bool StatusConversation::Produce(std::string* out, size_t about_bytes) {
  if (answer_begin_ == answer_.size()) {
    std::optional<std::string> answer;
    if (pending_ != nullptr) {
      answer = *pending_;
    } else {
      const size_t end = input_.find('\n');
      if (end == std::string::npos) return input_.size() <= kRequestBytesMax;
      answer = Answer(std::string_view(input_).substr(0, end));
      input_.erase(0, end + 1);
    }
    if (!answer.has_value()) return input_.size() <= kRequestBytesMax;
    pending_.reset();
    answer_ = *std::move(answer) + '\n';
    answer_begin_ = 0;
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

std::optional<std::string> StatusConversation::AskService(ServiceRequest request) {
  pending_ = std::make_shared<std::optional<std::string>>();
  device_->AskService(request, [pending = pending_](const ServiceResult& result) {
    *pending = ResultLine(result);
  });
  return *pending_;
}

std::optional<std::string> StatusConversation::Answer(std::string_view request) {
  if (request == "status") return ToJson(device_->Report());
  if (request == "ping") return Line({{"ok", true}});
  if (request == "reload") return AskService(ServiceRequest::kReload);
  if (request == "save") return AskService(ServiceRequest::kSave);
  if (request.starts_with(kForget)) {
    crypto::PublicKey peer{};
    if (!ParseKeyBase64(request.substr(kForget.size()), peer)) {
      return ErrorLine("not a public key: 44 characters of base64 are meant");
    }
    if (!device_->Forget(peer)) return ErrorLine("nothing is remembered of this peer");
    return R"({"ok":true})";
  }
  return ErrorLine("unknown request: status, ping, reload, save or forget KEY are meant");
}

}  // namespace ringwire::platform
