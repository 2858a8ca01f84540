#include "platform/http/http_message.h"

#include <algorithm>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

void AppendFields(const std::vector<HttpField>& fields, std::string* message) {
  for (const HttpField& field : fields)
    *message += fmt::format("{}: {}\r\n", field.name, field.value);
}

const std::string* ValueOf(const std::vector<HttpField>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &HttpField::name);
  return found == fields.end() ? nullptr : &found->value;
}

}  // namespace

const std::string* HttpRequest::Field(std::string_view name) const { return ValueOf(fields, name); }

const std::string* HttpResponse::Field(std::string_view name) const {
  return ValueOf(fields, name);
}

std::string_view HttpReason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Service Unavailable";
  }
}

std::string ToHttpMessage(const HttpResponse& response, bool head_only, bool close) {
  std::string message =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, HttpReason(response.status));
  if (response.status != 204) {
    message += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type,
                           response.body.size());
  }
  AppendFields(response.fields, &message);
  message += fmt::format("{}Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n",
                         close ? "Connection: close\r\n" : "");
  if (!head_only && response.status != 204) message += response.body;
  return message;
}

std::string ToHttpMessage(const HttpRequest& request, std::string_view host) {
  std::string message =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target, host);
  AppendFields(request.fields, &message);
  if (!request.body.empty()) message += fmt::format("Content-Length: {}\r\n", request.body.size());
  if (!request.keep_alive) message += "Connection: close\r\n";
  message += "\r\n";
  message += request.body;
  return message;
}

}  // namespace ringwire::platform
