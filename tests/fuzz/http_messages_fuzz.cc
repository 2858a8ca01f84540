#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "platform/http/http_request_reader.h"
#include "platform/http/http_response_reader.h"
#include "platform/http/json_body.h"

// Any bytes as a request, a response and a body: the verdict does not depend on how the bytes are
// cut, what is accepted keeps to the bounds, and it means the same when it is written and read
// again. The first byte says how the rest is cut.
namespace ringwire::platform {
namespace {

constexpr HttpLimits kLimits;

template <typename Reader>
auto TakeInPieces(std::string_view bytes, size_t piece, Reader* reader) {
  auto state = reader->Take({});
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    state = reader->Take(bytes.substr(0, piece));
  }
  return state;
}

void CheckFields(const std::vector<HttpField>& fields) {
  CHECK(fields.size() <= kLimits.fields);
  for (const HttpField& field : fields) {
    CHECK(!field.name.empty());
    for (const char c : field.value) CHECK(c != '\r' && c != '\n' && c != '\0');
  }
}

void CheckRequest(std::string_view bytes, size_t piece) {
  using State = HttpRequestReader::State;
  HttpRequestReader whole(kLimits, HttpVersions::kOnly11);
  HttpRequestReader pieces(kLimits, HttpVersions::kOnly11);
  const State state = whole.Take(bytes);
  CHECK(state == TakeInPieces(bytes, piece, &pieces));
  if (state != State::kComplete) {
    CHECK(state != State::kRefused || (whole.refusal() >= 400 && whole.refusal() < 600));
    return;
  }
  const HttpRequest request = whole.TakeRequest();
  CHECK(request.target.starts_with('/') && request.target.size() <= kLimits.target_bytes);
  CHECK(request.body.size() <= kLimits.body_bytes);
  CheckFields(request.fields);
  const HttpRequest same = pieces.TakeRequest();
  CHECK(same.target == request.target && same.body == request.body);
  HttpRequest copy{.method = request.method, .target = request.target, .body = request.body};
  HttpRequestReader again(kLimits, HttpVersions::kOnly11);
  CHECK(again.Take(ToHttpMessage(copy, *request.Field("host"))) == State::kComplete);
  const HttpRequest read = again.TakeRequest();
  CHECK(read.method == request.method && read.target == request.target);
  CHECK(read.body == request.body && *read.Field("host") == *request.Field("host"));
}

void CheckResponse(std::string_view bytes, size_t piece) {
  using State = HttpResponseReader::State;
  HttpResponseReader whole(kLimits);
  HttpResponseReader pieces(kLimits);
  const State state = whole.Take(bytes);
  CHECK(state == TakeInPieces(bytes, piece, &pieces));
  if (state != State::kComplete) return;
  const HttpResponse response = whole.TakeResponse();
  CHECK(response.status >= 200 && response.status < 600);
  CHECK(response.body.size() <= kLimits.body_bytes);
  CheckFields(response.fields);
}

void CheckBody(std::string_view bytes) {
  const auto json = ParseJsonBody(bytes);
  if (!json.has_value()) return;
  CHECK(json->is_object());
  const auto again = ParseJsonBody(json->dump());
  CHECK(again.has_value() && *again == *json);
}

}  // namespace
}  // namespace ringwire::platform

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = data[0] % 64 + size_t{1};
  ringwire::platform::CheckRequest(bytes, piece);
  ringwire::platform::CheckResponse(bytes, piece);
  ringwire::platform::CheckBody(bytes);
  return 0;
}
