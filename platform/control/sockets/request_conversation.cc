#include "platform/control/sockets/request_conversation.h"

#include <algorithm>
#include <utility>

namespace ringwire::platform {

bool RequestConversation::Produce(std::string* out, size_t about_bytes) {
  if (answer_begin_ == answer_.size()) {
    const size_t end = input_.find('\n');
    if (pending_ == nullptr && end != std::string::npos) {
      const std::string request = input_.substr(0, end);
      input_.erase(0, end + 1);
      Ask(request);
    }
    if (pending_ == nullptr || !pending_->answer.has_value()) {
      return input_.size() <= kRequestBytesMax;
    }
    answer_ = *std::move(pending_->answer) + '\n';
    answer_begin_ = 0;
    pending_.reset();
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

void RequestConversation::Ask(std::string_view request) {
  pending_ = std::make_shared<Pending>();
  serve_(request, [pending = pending_, on_late_answer = on_late_answer_](std::string answer) {
    pending->answer = std::move(answer);
    if (pending->is_late && on_late_answer != nullptr) on_late_answer();
  });
  pending_->is_late = true;
}

}  // namespace ringwire::platform
