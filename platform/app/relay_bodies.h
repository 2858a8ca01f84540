#ifndef RINGWIRE_PLATFORM_APP_RELAY_BODIES_H_
#define RINGWIRE_PLATFORM_APP_RELAY_BODIES_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/control/device_update.h"
#include "crypto/secret.h"

// What the messages between supervisor and relay say of peers. Pure.
namespace ringwire::platform {

// Of more peers more messages are sent: what a relay says has to be short.
inline constexpr size_t kUnansweredKeysMax = 128;

// Where these peers are, as [Peer] blocks of a configuration. Each has an endpoint.
std::string EndpointsText(std::span<const PeerUpdate> peers);
// Back again, as changes to peers that are there already.
absl::StatusOr<std::vector<PeerUpdate>> ParseEndpoints(std::string_view text);

// At most kUnansweredKeysMax public keys, as their bytes.
std::string KeysBody(std::span<const crypto::PublicKey> keys);
// nullopt: no such thing, or longer.
std::optional<std::vector<crypto::PublicKey>> ParseKeys(std::string_view body);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_RELAY_BODIES_H_
