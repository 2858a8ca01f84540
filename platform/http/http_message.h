#ifndef RINGWIRE_PLATFORM_HTTP_HTTP_MESSAGE_H_
#define RINGWIRE_PLATFORM_HTTP_HTTP_MESSAGE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Messages of HTTP/1.1 (RFC 9112) as far as ringwire's servers and clients need them.
namespace ringwire::platform {

// The maxima of a message that is read. Each is far above what a browser or curl sends.
struct HttpLimits {
  size_t target_bytes = 512;
  size_t head_bytes = 8192;  // the first line with all fields
  size_t fields = 64;
  size_t body_bytes = 4096;
};

struct HttpField {
  std::string name;  // in lower case, if it was read
  std::string value;
};

struct HttpRequest {
  std::string method;
  std::string target;  // a path, perhaps with a query
  std::vector<HttpField> fields = {};
  std::string body = {};
  bool asks_for_upgrade = false;
  bool keep_alive = true;  // another request may follow on the connection

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  // The value of the first field of this name (in lower case); nullptr: there is none.
  const std::string* Field(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<HttpField> fields = {};  // besides those that every response has
  std::string body = {};

  const std::string* Field(std::string_view name) const;  // as HttpRequest::Field()
};

// The reason phrase of a status.
std::string_view HttpReason(int status);

// The whole message. Each response forbids to store it and has its length. `head_only`: the answer
// to HEAD, without the body. `close`: the connection ends with it.
std::string ToHttpMessage(const HttpResponse& response, bool head_only, bool close);
// The field Host and a body's length are added.
std::string ToHttpMessage(const HttpRequest& request, std::string_view host);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_HTTP_HTTP_MESSAGE_H_
