#include "platform/http/http_response_reader.h"

#include <algorithm>
#include <utility>

#include "platform/http/http_parser.h"

namespace ringwire::platform {

class HttpResponseReader::Parser final : public HttpParser {
 public:
  explicit Parser(const HttpLimits& limits) : HttpParser(Kind::kResponse, limits) {}

  void Take(std::string_view bytes) {
    if (bytes.empty()) return;
    if (std::exchange(empty_, false) && bytes.front() != 'H') Refuse(400);
    if (Feed(bytes) < bytes.size()) Refuse(400);
  }
  State state() const {
    if (refusal_ != 0) return State::kRefused;
    return complete_ ? State::kComplete : State::kReads;
  }
  bool keep_alive() const { return keep_alive_; }

  HttpResponse TakeResponse() {
    const auto type = std::ranges::find(fields_, "content-type", &HttpField::name);
    return {.status = llhttp_get_status_code(const_cast<llhttp_t*>(&library())),
            .content_type = type == fields_.end() ? "" : type->value,
            .fields = std::move(fields_),
            .body = std::move(body_)};
  }

 private:
  int JudgeHead() override {
    const int status = library().status_code;
    if (library().http_major != 1 || library().http_minor != 1) return 505;
    if (status < 200 || status > 599) return 400;
    const bool has_length = (library().flags & F_CONTENT_LENGTH) != 0;
    if (status == 204 || status == 304 ? library().content_length > 0 && has_length : !has_length) {
      return 400;
    }
    keep_alive_ = llhttp_should_keep_alive(&library()) == 1;
    return 0;
  }

  bool empty_ = true;
  bool keep_alive_ = false;
};

HttpResponseReader::HttpResponseReader(const HttpLimits& limits)
    : parser_(std::make_unique<Parser>(limits)) {}
HttpResponseReader::~HttpResponseReader() = default;
HttpResponseReader::HttpResponseReader(HttpResponseReader&&) noexcept = default;
HttpResponseReader& HttpResponseReader::operator=(HttpResponseReader&&) noexcept = default;

HttpResponseReader::State HttpResponseReader::Take(std::string_view bytes) {
  parser_->Take(bytes);
  return parser_->state();
}
HttpResponse HttpResponseReader::TakeResponse() { return parser_->TakeResponse(); }
bool HttpResponseReader::keep_alive() const { return parser_->keep_alive(); }

}  // namespace ringwire::platform
