#ifndef RINGWIRE_PLATFORM_OBSERVE_HTTP_REQUEST_H_
#define RINGWIRE_PLATFORM_OBSERVE_HTTP_REQUEST_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// The part of HTTP/1.1 (RFC 9112) that a server of read-only pages needs. Pure.
namespace ringwire::platform {

// The maximum of a request line with its header fields.
inline constexpr size_t kHttpHeadBytesMax = 8192;

struct HttpRequest {
  std::string method;
  std::string path;  // without the query
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// What has come so far of a request. A body is never read: the connection ends with the response.
struct HttpParse {
  bool complete = false;               // the head is whole, or the request is refused
  std::optional<HttpRequest> request;  // absent: refused with `refusal`
  HttpResponse refusal;
};
HttpParse ParseHttpRequest(std::string_view received);

// The whole message. `head_only`: the answer to HEAD, without the body.
std::string ToHttpMessage(const HttpResponse& response, bool head_only);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_HTTP_REQUEST_H_
