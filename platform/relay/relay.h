#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_H_

#include <optional>

#include "core/config/config_file.h"
#include "platform/relay/device_runner.h"
#include "platform/relay/relay_channel.h"

namespace ringwire::platform {

// The relay process of `run` and `up`: the device with its sockets and peers, and nothing of the
// host around it. Starts when the channel says so, with the endpoints of that message instead of
// those in `settings`. Reports its start or the reason of a failure, serves the channel, and ends
// when the supervisor is gone. Returns the process' exit code; a deleted interface or control
// socket is a success. `cipher`, from the command line, overrides the configuration's [Interface].
int RunRelay(DeviceSettings settings, std::optional<TransportCipher> cipher, RelayChannel channel);

// The same for a process that takes over the device of another relay while that one serves it. All
// that `settings` says of keys, peers and sockets comes from there.
int RunSuccessor(DeviceSettings settings, std::optional<TransportCipher> cipher,
                 RelayChannel channel);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_H_
