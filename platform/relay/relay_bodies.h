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
#include "core/wire/address.h"
#include "crypto/secret.h"
#include "platform/relay/relay_channel.h"

// The bodies of messages between supervisor and relay. Pure.
namespace ringwire::platform {

// For more peers, more messages are sent: a relay's messages must be short.
inline constexpr size_t kUnansweredKeysMax = 128;

// The endpoints of these peers, each of which has one, as the body of a UAPI set.
std::string EndpointsText(std::span<const PeerUpdate> peers);
// The same as changes to existing peers, and nothing else.
absl::StatusOr<std::vector<PeerUpdate>> ParseEndpoints(std::string_view text);

// The reason of kFailed. It is printed, so it must not contain control characters.
std::string ReasonOf(const RelayMessage& failed);

// The interface's index of kStarted; nullopt: invalid.
std::string IndexBody(uint32_t index);
std::optional<uint32_t> ParseIndex(std::string_view body);

// Public keys as bytes.
std::string KeysBody(std::span<const crypto::PublicKey> keys);
inline constexpr size_t kPeersBodyMax = kPeersMax * sizeof(crypto::PublicKey);
// nullopt: invalid, or more than `count_max`.
std::optional<std::vector<crypto::PublicKey>> ParseKeys(std::string_view body, size_t count_max);

// The single addresses (/32 and /128) in the AllowedIPs of peers, at most kHostsPerPeerMax each.
struct PeerHosts {
  crypto::PublicKey peer;
  std::vector<IpAddress> hosts;
  friend bool operator==(const PeerHosts&, const PeerHosts&) = default;
};
inline constexpr size_t kHostsPerPeerMax = 16;
inline constexpr size_t kPeersWithHostsMax = 4096;  // an Ethernet segment has fewer
inline constexpr size_t kHostRecordSize = sizeof(crypto::PublicKey) + 1 + 16;
inline constexpr size_t kHostsBodyMax = kPeersWithHostsMax * kHostsPerPeerMax * kHostRecordSize;
// One record for each address, and one without an address for a peer that has none.
std::string HostsBody(std::span<const PeerHosts> peers);
// nullopt: invalid.
std::optional<std::vector<PeerHosts>> ParseHosts(std::string_view body);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_BODIES_H_
