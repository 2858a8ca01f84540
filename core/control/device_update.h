#ifndef RINGWIRE_CORE_CONTROL_DEVICE_UPDATE_H_
#define RINGWIRE_CORE_CONTROL_DEVICE_UPDATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

// A change of the device's configuration, and its state for display: plain data that UAPI text, the
// configuration file and the control plane share.
namespace ringwire {

struct AllowedIpChange {
  Prefix prefix;
  bool remove = false;
};

// One peer's part of a change. An absent field stays as it is.
struct PeerUpdate {
  crypto::PublicKey public_key{};
  bool remove = false;
  bool update_only = false;                           // do nothing when the peer does not exist
  std::optional<crypto::PresharedKey> preshared_key{};  // zeros clear it
  std::optional<SocketAddress> endpoint{};
  std::optional<uint16_t> persistent_keepalive_seconds{};  // 0: off
  bool replace_allowed_ips = false;
  std::vector<AllowedIpChange> allowed_ips{};  // in order
  std::optional<std::string> name{};           // shown in status, logs and metrics; not part of UAPI
};

// A whole change, applied in this order. Validated as a whole before any of it takes effect.
struct DeviceUpdate {
  std::optional<crypto::PrivateKey> private_key{};  // zeros clear it
  std::optional<uint16_t> listen_port{};            // 0: any free one
  std::optional<uint32_t> fwmark{};                 // 0: none
  bool replace_peers = false;
  std::vector<PeerUpdate> peers{};  // one key may occur more than once
};

struct PeerStatus {
  crypto::PublicKey public_key{};
  crypto::PresharedKey preshared_key;
  std::string name{};
  std::optional<SocketAddress> endpoint{};
  std::optional<absl::Time> last_handshake{};  // wall clock
  uint64_t transmit_bytes = 0;
  uint64_t receive_bytes = 0;
  uint16_t persistent_keepalive_seconds = 0;
  std::vector<Prefix> allowed_ips{};
  std::string transport_suite{};  // of the current session; empty without one
};

struct DeviceStatus {
  std::optional<crypto::PrivateKey> private_key{};
  crypto::PublicKey public_key{};  // zeros without a private key
  uint16_t listen_port = 0;
  uint32_t fwmark = 0;
  std::vector<PeerStatus> peers{};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_DEVICE_UPDATE_H_
