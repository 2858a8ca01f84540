#ifndef RINGWIRE_PLATFORM_HTTP_HTTP_REQUEST_READER_H_
#define RINGWIRE_PLATFORM_HTTP_HTTP_REQUEST_READER_H_

#include <memory>
#include <string_view>

#include "platform/http/http_message.h"

namespace ringwire::platform {

// Whether a server also answers HTTP/1.0, which old health checks speak.
enum class HttpVersions : uint8_t { kOnly11, kAlso10 };

// Reads one request as strictly as RFC 9112 allows, so that no other program on the way can read
// the same bytes as another request: one Host, a path as the target, at most one Content-Length, no
// Transfer-Encoding, nothing in front of it. Thread-compatible.
class HttpRequestReader {
 public:
  HttpRequestReader(const HttpLimits& limits, HttpVersions versions);
  ~HttpRequestReader();
  HttpRequestReader(HttpRequestReader&&) noexcept;
  HttpRequestReader& operator=(HttpRequestReader&&) noexcept;

  enum class State : uint8_t { kReadsHead, kReadsBody, kComplete, kRefused };
  // Takes the next bytes from the connection. A server answers one request at a time, so bytes
  // behind a complete one refuse it: they would be a request that was sent before its answer.
  State Take(std::string_view bytes);

  State state() const;
  // The status to refuse it with; the connection must end then. Only with kRefused.
  int refusal() const;
  // Only with kComplete. Moves it out.
  HttpRequest TakeRequest();
  bool empty() const;  // not one byte has come

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_HTTP_HTTP_REQUEST_READER_H_
