#include "platform/http/http_request_reader.h"

#include <utility>

#include "platform/http/http_parser.h"

namespace ringwire::platform {

class HttpRequestReader::Parser final : public HttpParser {
 public:
  Parser(const HttpLimits& limits, HttpVersions versions)
      : HttpParser(Kind::kRequest, limits), versions_(versions) {}

  void Take(std::string_view bytes) {
    if (bytes.empty()) return;
    if (std::exchange(empty_, false) && (bytes.front() < 'A' || bytes.front() > 'Z')) {
      Refuse(400);  // llhttp skips empty lines
    }
    if (Feed(bytes) < bytes.size()) Refuse(400);
  }

  State state() const {
    if (refusal_ != 0) return State::kRefused;
    if (complete_) return State::kComplete;
    return head_complete_ ? State::kReadsBody : State::kReadsHead;
  }
  int refusal() const { return refusal_; }
  bool empty() const { return empty_; }

  HttpRequest TakeRequest() {
    return {.method = llhttp_method_name(static_cast<llhttp_method_t>(library().method)),
            .target = std::move(target_),
            .fields = std::move(fields_),
            .body = std::move(body_),
            .asks_for_upgrade = asks_for_upgrade_,
            .keep_alive = keep_alive_};
  }

 private:
  int JudgeHead() override {
    const bool is_10 = library().http_major == 1 && library().http_minor == 0;
    const bool is_11 = library().http_major == 1 && library().http_minor == 1;
    if (!is_11 && !(is_10 && versions_ == HttpVersions::kAlso10)) return 505;
    const size_t hosts = CountOf("host");
    if (hosts > 1 || (hosts == 0 && is_11)) return 400;
    if (!target_.starts_with('/')) return 400;
    asks_for_upgrade_ = CountOf("upgrade") > 0;
    if (asks_for_upgrade_ && CountOf("content-length") > 0) return 400;
    keep_alive_ = llhttp_should_keep_alive(&library()) == 1;
    return 0;
  }

  const HttpVersions versions_;
  bool empty_ = true;
  bool asks_for_upgrade_ = false;
  bool keep_alive_ = false;
};

HttpRequestReader::HttpRequestReader(const HttpLimits& limits, HttpVersions versions)
    : parser_(std::make_unique<Parser>(limits, versions)) {}
HttpRequestReader::~HttpRequestReader() = default;
HttpRequestReader::HttpRequestReader(HttpRequestReader&&) noexcept = default;
HttpRequestReader& HttpRequestReader::operator=(HttpRequestReader&&) noexcept = default;

HttpRequestReader::State HttpRequestReader::Take(std::string_view bytes) {
  parser_->Take(bytes);
  return parser_->state();
}
HttpRequestReader::State HttpRequestReader::state() const { return parser_->state(); }
int HttpRequestReader::refusal() const { return parser_->refusal(); }
HttpRequest HttpRequestReader::TakeRequest() { return parser_->TakeRequest(); }
bool HttpRequestReader::empty() const { return parser_->empty(); }

}  // namespace ringwire::platform
