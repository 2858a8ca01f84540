#ifndef RINGWIRE_PLATFORM_APP_MISTYPED_COMMAND_H_
#define RINGWIRE_PLATFORM_APP_MISTYPED_COMMAND_H_

#include <span>
#include <string>
#include <string_view>

namespace ringwire::platform {

// The command line of `ringwire IFNAME` takes any word for an interface, so a mistyped command
// would create one. Says why `word` was hardly meant as an interface and what to type instead;
// empty: it is an interface's name. Three kinds of words are refused: a word of another tool
// (`status`, `stop`), a near miss of one of `commands`, and a configuration file (`office.conf`).
// Pure.
std::string WhyNoInterface(std::string_view word, std::span<const std::string> commands);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_MISTYPED_COMMAND_H_
