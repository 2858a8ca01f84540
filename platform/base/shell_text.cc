#include "platform/base/shell_text.h"

#include <algorithm>

namespace ringwire::platform {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

}  // namespace

std::string ShellQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";  // nothing can be escaped between single quotes
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "'";
}

std::string ShellWord(std::string_view text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, IsPlain);
  return plain ? std::string(text) : ShellQuoted(text);
}

}  // namespace ringwire::platform
