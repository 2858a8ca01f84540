#ifndef RINGWIRE_PLATFORM_HTTP_HTTP_PARSER_H_
#define RINGWIRE_PLATFORM_HTTP_HTTP_PARSER_H_

#include <llhttp.h>

#include <string>
#include <string_view>
#include <vector>

#include "platform/http/http_message.h"

namespace ringwire::platform {

// What the readers of requests and responses have in common: llhttp, strict, with bounds that it
// does not know. Reads one message; what follows it is not consumed. Thread-compatible.
class HttpParser {
 public:
  enum class Kind : uint8_t { kRequest, kResponse };
  HttpParser(Kind kind, const HttpLimits& limits);
  virtual ~HttpParser() = default;
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

 protected:
  // How many bytes were consumed. Stops at the end of the message and at a refusal.
  size_t Feed(std::string_view bytes);
  // Judges the head when it is complete; a status refuses the message, 0 does not.
  virtual int JudgeHead() = 0;
  void Refuse(int status);

  const llhttp_t& library() const { return library_; }
  size_t CountOf(std::string_view field) const;

  std::string target_;
  std::vector<HttpField> fields_;
  std::string body_;
  bool head_complete_ = false;
  bool complete_ = false;
  int refusal_ = 0;  // the status that answers the message; 0: it is not refused

 private:
  static HttpParser* Of(llhttp_t* library);
  static int TakeTarget(llhttp_t* library, const char* bytes, size_t size);
  static int TakeFieldName(llhttp_t* library, const char* bytes, size_t size);
  static int EndFieldName(llhttp_t* library);
  static int TakeFieldValue(llhttp_t* library, const char* bytes, size_t size);
  static int EndFieldValue(llhttp_t* library);
  static int EndHead(llhttp_t* library);
  static int TakeBody(llhttp_t* library, const char* bytes, size_t size);
  static int EndMessage(llhttp_t* library);
  static llhttp_settings_t Callbacks();
  size_t FeedSome(std::string_view bytes);

  const HttpLimits limits_;
  llhttp_t library_{};
  size_t head_bytes_ = 0;
  bool in_name_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_HTTP_HTTP_PARSER_H_
