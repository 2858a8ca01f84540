#include "platform/http/json_body.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ringwire::platform {
namespace {

// Watches a parser's events for what it would accept.
class JsonWatch {
 public:
  bool TakeEvent(nlohmann::json::parse_event_t event, const nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    switch (event) {
      case Event::object_start:
      case Event::array_start:
        names_.emplace_back();
        valid_ = valid_ && names_.size() <= kJsonDepthMax;
        break;
      case Event::object_end:
      case Event::array_end:
        names_.pop_back();
        break;
      case Event::key:
        valid_ = valid_ && names_.back().insert(value.get<std::string>()).second;
        break;
      case Event::value:
        break;
    }
    return true;
  }
  bool valid() const { return valid_; }

 private:
  std::vector<std::set<std::string>> names_;  // of each object that has not ended
  bool valid_ = true;
};

}  // namespace

std::optional<nlohmann::json> ParseJsonBody(std::string_view text) {
  JsonWatch watch;
  nlohmann::json json = nlohmann::json::parse(
      text,
      [&watch](int, nlohmann::json::parse_event_t event, const nlohmann::json& value) {
        return watch.TakeEvent(event, value);
      },
      /*allow_exceptions=*/false);
  if (!watch.valid() || !json.is_object()) return std::nullopt;
  return std::optional<nlohmann::json>(std::move(json));
}

}  // namespace ringwire::platform
