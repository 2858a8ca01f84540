#ifndef RINGWIRE_PLATFORM_OBSERVE_LOG_LINE_H_
#define RINGWIRE_PLATFORM_OBSERVE_LOG_LINE_H_

#include <string>
#include <string_view>

// Lines of a service's log: its own, and those that its hooks print. Pure.
namespace ringwire::platform {

// The syslog severity (3 error, 4 warning, 6 info, 7 debug) that a line of StartLogging() names, as
// text or JSON. A line of another program is info.
int SeverityOf(std::string_view line);

// The line without the time in front of it, for a receiver that adds its own.
std::string_view WithoutTime(std::string_view line);

// The line with a ? for each control character other than a tab: a terminal that shows the log must
// not obey what another process wrote into it.
std::string Printable(std::string_view line);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_LOG_LINE_H_
