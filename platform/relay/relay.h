#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_H_

#include <optional>

#include "core/config/config_file.h"
#include "platform/relay/device_runner.h"
#include "platform/relay/relay_channel.h"

namespace ringwire::platform {

// What becomes of the terminal and pipes of whoever started us, once everything is set up.
enum class Terminal : char { kKeep = 'k', kKeepStderr = 'e', kLetGo = 'g' };

// The relay process of `run` and `up`: the device with its sockets and peers, and nothing of the
// host around it. Starts when the channel says so, with the endpoints that come with that instead
// of those in `settings`; tells the supervisor when it has started or why it did not, does what the
// channel says, and ends when the supervisor is gone. Returns the process' exit code: success also
// when the interface or its control socket was deleted. `cipher`, if given on the command line,
// goes before what a configuration says of the interface.
int RunRelay(DeviceSettings settings, std::optional<TransportCipher> cipher, RelayChannel channel);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_H_
