#include "core/config/device_state.h"

#include <string>
#include <utility>

#include "core/wire/address.h"
#include "crypto/secret.h"

namespace ringwire {

absl::StatusOr<ConfigFile> ParseDeviceState(std::string_view text) {
  ConfigParse parse = ParseConfigFile(text);
  if (!parse.ok()) return absl::InvalidArgumentError("the device's state cannot be parsed");
  // There is one way to write a state, so whatever is not part of one makes a difference.
  std::string again = Strip(parse.config);
  const bool is_state = again == text;
  crypto::Cleanse(again.data(), again.size());
  if (!is_state) return absl::InvalidArgumentError("the device's state holds what is none of it");
  for (const PeerConfig& peer : parse.config.peers) {
    // Somebody would have to ask name servers for it.
    if (peer.endpoint.has_value() && !SocketAddress::Parse(peer.endpoint->ToString())) {
      return absl::InvalidArgumentError("the device's state has an endpoint that is no address");
    }
  }
  return std::move(parse.config);
}

}  // namespace ringwire
