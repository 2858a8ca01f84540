#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_BODIES_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_BODIES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/limits.h"
#include "core/device/device_update.h"
#include "crypto/secret.h"
#include "platform/relay/relay_channel.h"

// What the messages between supervisor and relay say. Pure.
namespace ringwire::platform {

// Of more peers more messages are sent: what a relay says has to be short.
inline constexpr size_t kUnansweredKeysMax = 128;

// Where these peers are, as [Peer] blocks of a configuration. Each has an endpoint.
std::string EndpointsText(std::span<const PeerUpdate> peers);
// Back again, as changes to peers that are there already.
absl::StatusOr<std::vector<PeerUpdate>> ParseEndpoints(std::string_view text);

// Why, of kFailed. What a relay says is printed: no byte of it may steer a terminal.
std::string ReasonOf(const RelayMessage& failed);

// The interface's index, of kStarted; nullopt: no such thing.
std::string IndexBody(uint32_t index);
std::optional<uint32_t> ParseIndex(std::string_view body);

// Public keys, as their bytes.
std::string KeysBody(std::span<const crypto::PublicKey> keys);
inline constexpr size_t kPeersBodyMax = kPeersMax * sizeof(crypto::PublicKey);
// nullopt: no such thing, or more than `count_max`.
std::optional<std::vector<crypto::PublicKey>> ParseKeys(std::string_view body, size_t count_max);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_BODIES_H_
