#include "platform/supervisor/admin_queue.h"

#include <algorithm>
#include <utility>

namespace ringwire::platform {

void AdminQueue::Add(AdminVerb verb, AdminAnswer answer) {
  if (waiting_.size() + reloading_.size() >= kMax) {
    answer({false, "the service is busy with earlier requests (try again)"});
    return;
  }
  waiting_.push_back({verb, std::move(answer)});
}

bool AdminQueue::Has(AdminVerb verb) const {
  return std::ranges::find(waiting_, verb, &Request::verb) != waiting_.end();
}

void AdminQueue::AnswerAll(AdminVerb verb, const AdminResult& result) {
  std::erase_if(waiting_, [&](const Request& request) {
    if (request.verb != verb) return false;
    request.answer(result);
    return true;
  });
}

bool AdminQueue::TakeReloads() {
  const size_t taken = std::erase_if(waiting_, [this](Request& request) {
    if (request.verb != AdminVerb::kReload) return false;
    reloading_.push_back(std::move(request.answer));
    return true;
  });
  return taken > 0;
}

void AdminQueue::AnswerTakenReloads(const AdminResult& result) {
  for (const AdminAnswer& answer : std::exchange(reloading_, {})) answer(result);
}

}  // namespace ringwire::platform
