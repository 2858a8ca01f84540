#ifndef RINGWIRE_PLATFORM_BASE_SHELL_TEXT_H_
#define RINGWIRE_PLATFORM_BASE_SHELL_TEXT_H_

#include <string>
#include <string_view>

// Text for a POSIX shell that stands for exactly one word. Pure.
namespace ringwire::platform {

// In quotes.
std::string ShellQuoted(std::string_view text);
// In quotes only where the shell would take it for something else.
std::string ShellWord(std::string_view text);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_SHELL_TEXT_H_
