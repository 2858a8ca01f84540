#ifndef RINGWIRE_CORE_DEVICE_DEVICE_UPDATE_H_
#define RINGWIRE_CORE_DEVICE_DEVICE_UPDATE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/wire/address.h"
#include "crypto/aead.h"
#include "crypto/secret.h"

// A change of the device's configuration, and its state for display: plain data that UAPI text, the
// configuration file and the control plane share.
namespace ringwire {

// The allowed ciphers of transport messages; effective from the next handshake on.
enum class TransportCipher : uint8_t {
  kAuto,              // AES-256-GCM if both ends can, else ChaCha20-Poly1305
  kChaCha20Poly1305,  // always, as in every WireGuard
};

// Handshakes of a device by role, suite and progress. An initiation counts under the suite that it
// offers, a response under the one that it chooses. A handshake that was started and not completed
// has failed or is under way.
struct HandshakeCounts {
  struct Role {
    std::array<uint64_t, crypto::kAeadSuiteCount> started{};
    std::array<uint64_t, crypto::kAeadSuiteCount> completed{};
  };
  Role initiator;
  Role responder;
};

struct AllowedIpChange {
  Prefix prefix;
  bool remove = false;
};

// One peer's part of a change. An absent field does not change.
struct PeerUpdate {
  crypto::PublicKey public_key{};
  bool remove = false;
  bool update_only = false;                             // do nothing when the peer does not exist
  std::optional<crypto::PresharedKey> preshared_key{};  // zeros clear it
  std::optional<SocketAddress> endpoint{};
  std::optional<std::string> endpoint_name{};  // "host:port", for status; not part of UAPI
  std::optional<uint16_t> persistent_keepalive_seconds{};  // 0: off
  bool replace_allowed_ips = false;
  std::vector<AllowedIpChange> allowed_ips{};  // in order
  std::optional<std::string> name{};  // shown in status, logs and metrics; not part of UAPI
  std::optional<TransportCipher> transport_cipher{};  // likewise no part of UAPI
};

// A complete change, applied in this order. It is validated as a whole before any part takes
// effect.
struct DeviceUpdate {
  std::optional<crypto::PrivateKey> private_key{};    // zeros clear it
  std::optional<uint16_t> listen_port{};              // 0: any free port
  std::optional<uint32_t> fwmark{};                   // 0: none
  std::optional<TransportCipher> transport_cipher{};  // for all peers; not part of UAPI
  bool replace_peers = false;
  std::vector<PeerUpdate> peers{};  // one key may occur more than once
};

// The attempts at a session with a peer since the last one was established.
struct HandshakeAttempts {
  uint32_t initiations = 0;   // sent, unanswered
  absl::Duration duration{};  // since the first of them
  uint32_t responses = 0;     // sent, unconfirmed
  uint32_t misfits = 0;       // responses that came and did not fit our keys
  bool any() const { return initiations > 0 || responses > 0 || misfits > 0; }
};

// Initiations that are for nobody here: how many, and the last one's sender.
struct StrayInitiations {
  uint64_t count = 0;
  SocketAddress last_from{};
  absl::Duration age{};  // of the last one
};

struct PeerStatus {
  crypto::PublicKey public_key{};
  crypto::PresharedKey preshared_key;
  std::string name{};
  std::optional<SocketAddress> endpoint{};
  std::string endpoint_name{};  // "host:port" of the configuration, if that is a name
  std::optional<absl::Time> last_handshake{};  // wall clock
  HandshakeAttempts attempts{};
  uint64_t transmit_bytes = 0;
  uint64_t receive_bytes = 0;
  uint16_t persistent_keepalive_seconds = 0;
  std::vector<Prefix> allowed_ips{};
  TransportCipher transport_cipher = TransportCipher::kAuto;
  std::string transport_suite{};  // of the current session; empty without one
  uint32_t path_mtu = 0;          // where less than the interface's MTU passes; else 0
};

struct DeviceStatus {
  std::optional<crypto::PrivateKey> private_key{};
  crypto::PublicKey public_key{};  // zeros without a private key
  uint16_t listen_port = 0;
  uint32_t fwmark = 0;
  TransportCipher transport_cipher = TransportCipher::kAuto;
  HandshakeCounts handshakes{};
  StrayInitiations other_server_key{};   // made for another public key than ours
  StrayInitiations unknown_key{};        // of a peer that this device does not have
  crypto::PublicKey last_unknown_key{};  // the last one's
  std::vector<PeerStatus> peers{};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_DEVICE_UPDATE_H_
