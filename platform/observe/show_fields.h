#ifndef RINGWIRE_PLATFORM_OBSERVE_SHOW_FIELDS_H_
#define RINGWIRE_PLATFORM_OBSERVE_SHOW_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/control/sockets/status_report.h"

// One field of a device for scripts, in the form of `wg show IF FIELD`. Pure.
namespace ringwire::platform {

// "(none)" if there are none.
std::string AllowedIpsOf(const PeerStatus& peer, std::string_view between);
// In seconds since 1970; 0: never.
int64_t HandshakeOf(const PeerStatus& peer);

// The names of the fields, in the order of wg(8).
const std::vector<std::string>& ShowFields();

// The lines of a field. With `names_interface` each one begins with the interface and a tab, as
// `wg show all FIELD` has it. A secret is "(hidden)" if there is one. nullopt: no such field.
std::optional<std::string> FormatField(const StatusReport& report, std::string_view field,
                                       bool names_interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_SHOW_FIELDS_H_
