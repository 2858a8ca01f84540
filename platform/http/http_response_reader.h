#ifndef RINGWIRE_PLATFORM_HTTP_HTTP_RESPONSE_READER_H_
#define RINGWIRE_PLATFORM_HTTP_HTTP_RESPONSE_READER_H_

#include <memory>
#include <string_view>

#include "platform/http/http_message.h"

namespace ringwire::platform {

// Reads one response of HTTP/1.1 with a length. Refuses interim responses, every encoding, and
// bodies that only the end of the connection ends. Thread-compatible.
class HttpResponseReader {
 public:
  explicit HttpResponseReader(const HttpLimits& limits);
  ~HttpResponseReader();
  HttpResponseReader(HttpResponseReader&&) noexcept;
  HttpResponseReader& operator=(HttpResponseReader&&) noexcept;

  enum class State : uint8_t { kReads, kComplete, kRefused };
  // Bytes behind a complete response refuse it: nobody has asked for them.
  State Take(std::string_view bytes);

  // Only with kComplete. Moves it out; names of fields are in lower case.
  HttpResponse TakeResponse();
  bool keep_alive() const;  // another request may follow on the connection

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_HTTP_HTTP_RESPONSE_READER_H_
