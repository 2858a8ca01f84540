#include "platform/observe/http_request.h"

#include <algorithm>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Service Unavailable";
  }
}

HttpParse Refuse(int status) {
  return {true,
          std::nullopt,
          {status, "text/plain; charset=utf-8", fmt::format("{}\n", ReasonOf(status))}};
}

// The end of the head, or npos. Some programs send lines that end without a carriage return.
size_t EndOfHead(std::string_view received) {
  const size_t proper = received.find("\r\n\r\n");
  const size_t bare = received.find("\n\n");
  return std::min(proper, bare);
}

bool IsToken(std::string_view text) {
  if (text.empty() || text.size() > 20) return false;
  for (const char c : text) {
    if (c < 'A' || c > 'Z') return false;
  }
  return true;
}

HttpParse ParseRequestLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Refuse(400);
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!version.starts_with("HTTP/")) return Refuse(400);
  if (!version.starts_with("HTTP/1.")) return Refuse(505);
  if (!IsToken(method) || !target.starts_with('/') || target.find(' ') != std::string_view::npos) {
    return Refuse(400);
  }
  if (method != "GET" && method != "HEAD") return Refuse(405);
  HttpParse parse;
  parse.complete = true;
  parse.request = HttpRequest{std::string(method), std::string(target.substr(0, target.find('?')))};
  return parse;
}

}  // namespace

HttpParse ParseHttpRequest(std::string_view received) {
  const size_t end = EndOfHead(received);
  if (end == std::string_view::npos) {
    if (received.size() > kHttpHeadBytesMax) return Refuse(431);
    return {};
  }
  if (end > kHttpHeadBytesMax) return Refuse(431);
  return ParseRequestLine(received.substr(0, received.find('\n')));
}

std::string ToHttpMessage(const HttpResponse& response, bool head_only) {
  std::string message = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n"
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n",
      response.status, ReasonOf(response.status), response.content_type, response.body.size());
  if (!head_only) message += response.body;
  return message;
}

}  // namespace ringwire::platform
