#include "platform/http/http_parser.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace ringwire::platform {
namespace {

// The status for what llhttp does not accept.
int StatusOf(llhttp_errno_t error, const llhttp_t& library) {
  switch (error) {
    case HPE_PAUSED_H2_UPGRADE:  // the first line of HTTP/2
      return 505;
    case HPE_INVALID_VERSION:  // also for a line that does not end as it must
      return library.http_major == 1 && library.http_minor <= 1 ? 400 : 505;
    case HPE_INVALID_TRANSFER_ENCODING:
      return 501;
    default:
      return 400;
  }
}

}  // namespace

HttpParser::HttpParser(Kind kind, const HttpLimits& limits) : limits_(limits) {
  static const llhttp_settings_t kCallbacks = Callbacks();
  // No lenient flag is set.
  llhttp_init(&library_, kind == Kind::kRequest ? HTTP_REQUEST : HTTP_RESPONSE, &kCallbacks);
  library_.data = this;
}

llhttp_settings_t HttpParser::Callbacks() {
  llhttp_settings_t callbacks;
  llhttp_settings_init(&callbacks);
  callbacks.on_url = TakeTarget;
  callbacks.on_header_field = TakeFieldName;
  callbacks.on_header_field_complete = EndFieldName;
  callbacks.on_header_value = TakeFieldValue;
  callbacks.on_header_value_complete = EndFieldValue;
  callbacks.on_headers_complete = EndHead;
  callbacks.on_body = TakeBody;
  callbacks.on_message_complete = EndMessage;
  return callbacks;
}

HttpParser* HttpParser::Of(llhttp_t* library) { return static_cast<HttpParser*>(library->data); }

void HttpParser::Refuse(int status) {
  if (refusal_ == 0) refusal_ = status;
}

size_t HttpParser::CountOf(std::string_view field) const {
  return static_cast<size_t>(std::ranges::count(fields_, field, &HttpField::name));
}

int HttpParser::TakeTarget(llhttp_t* library, const char* bytes, size_t size) {
  HttpParser* const self = Of(library);
  if (self->target_.size() + size > self->limits_.target_bytes) {
    self->Refuse(414);
    return HPE_USER;
  }
  self->target_.append(bytes, size);
  return HPE_OK;
}

int HttpParser::TakeFieldName(llhttp_t* library, const char* bytes, size_t size) {
  HttpParser* const self = Of(library);
  if (!self->in_name_) {
    if (self->fields_.size() == self->limits_.fields) {
      self->Refuse(431);
      return HPE_USER;
    }
    self->fields_.emplace_back();
    self->in_name_ = true;
  }
  std::string& name = self->fields_.back().name;
  std::transform(bytes, bytes + size, std::back_inserter(name), Lower);
  return HPE_OK;
}

int HttpParser::EndFieldName(llhttp_t* library) {
  Of(library)->in_name_ = false;
  return HPE_OK;
}

int HttpParser::TakeFieldValue(llhttp_t* library, const char* bytes, size_t size) {
  Of(library)->fields_.back().value.append(bytes, size);
  return HPE_OK;
}

int HttpParser::EndFieldValue(llhttp_t* library) {
  std::string& value = Of(library)->fields_.back().value;
  value = std::string(Trim(value));  // llhttp keeps spaces behind it
  return HPE_OK;
}

int HttpParser::EndHead(llhttp_t* library) {
  HttpParser* const self = Of(library);
  self->head_complete_ = true;
  const bool has_encoding = (library->flags & F_TRANSFER_ENCODING) != 0;
  if (has_encoding || self->CountOf("transfer-encoding") > 0) {
    self->Refuse(501);
  } else if (const int status = self->JudgeHead(); status != 0) {
    self->Refuse(status);
  } else if (library->content_length > self->limits_.body_bytes &&
             (library->flags & F_CONTENT_LENGTH) != 0) {
    self->Refuse(413);
  }
  return self->refusal_ == 0 ? HPE_OK : HPE_USER;
}

int HttpParser::TakeBody(llhttp_t* library, const char* bytes, size_t size) {
  HttpParser* const self = Of(library);
  if (self->body_.size() + size > self->limits_.body_bytes) {
    self->Refuse(413);
    return HPE_USER;
  }
  self->body_.append(bytes, size);
  return HPE_OK;
}

int HttpParser::EndMessage(llhttp_t* library) {
  Of(library)->complete_ = true;
  return HPE_PAUSED;
}

size_t HttpParser::FeedSome(std::string_view bytes) {
  const llhttp_errno_t error = llhttp_execute(&library_, bytes.data(), bytes.size());
  if (error == HPE_OK) return bytes.size();
  if (error != HPE_PAUSED && error != HPE_PAUSED_UPGRADE) Refuse(StatusOf(error, library_));
  const char* const stopped = llhttp_get_error_pos(&library_);
  return stopped == nullptr ? bytes.size() : static_cast<size_t>(stopped - bytes.data());
}

size_t HttpParser::Feed(std::string_view bytes) {
  size_t consumed = 0;
  while (consumed < bytes.size() && refusal_ == 0 && !complete_) {
    std::string_view rest = bytes.substr(consumed);
    if (!head_complete_) {
      if (head_bytes_ == limits_.head_bytes) {
        Refuse(431);
        break;
      }
      rest = rest.substr(0, limits_.head_bytes - head_bytes_);
    }
    const size_t size = FeedSome(rest);
    head_bytes_ += size;
    consumed += size;
  }
  return consumed;
}

}  // namespace ringwire::platform
