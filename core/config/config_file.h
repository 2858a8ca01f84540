#ifndef RINGWIRE_CORE_CONFIG_CONFIG_FILE_H_
#define RINGWIRE_CORE_CONFIG_CONFIG_FILE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/offload_switches.h"
#include "core/config/config_value.h"
#include "core/config/connect_config.h"
#include "core/config/enrol_config.h"
#include "core/config/gateway_config.h"
#include "core/device/device_update.h"
#include "crypto/secret.h"

// The configuration file: the grammar of wg(8) and wg-quick(8), and ringwire's own keys. Pure text;
// files that a configuration names are read and endpoints are resolved elsewhere.
namespace ringwire {

// Both count from 1; the column in bytes.
struct FilePosition {
  uint32_t line = 1;
  uint32_t column = 1;
};

struct ConfigError {
  FilePosition position;
  std::string message;  // what is wrong and what was meant; never a secret

  // "file:line:column: message"
  std::string ToString(std::string_view file_name) const;
};

enum class IoBackendChoice : uint8_t { kAuto, kIoUring, kEpoll };

struct PeerConfig {
  FilePosition position;  // of its [Peer] line
  crypto::PublicKey public_key{};
  std::optional<crypto::PresharedKey> preshared_key;
  std::string preshared_key_file;  // empty: none
  FilePosition preshared_key_file_position;
  std::vector<AllowedIpChange> allowed_ips;  // in order; `remove` for an entry with '-'
  // Whether an entry had '+' or '-': the list then adds to what another block of the same peer
  // says.
  bool allowed_ips_incremental = false;
  bool names_allowed_ips = false;     // the key is there, perhaps without a value
  FilePosition allowed_ips_position;  // of the first such line's value
  std::optional<EndpointName> endpoint;
  FilePosition endpoint_position;
  std::optional<uint16_t> persistent_keepalive_seconds;  // 0 and absent: off
  FilePosition persistent_keepalive_position;
  std::string name;
  TransportCipher transport_cipher = TransportCipher::kAuto;
};

struct ConfigFile {
  std::optional<crypto::PrivateKey> private_key;
  std::string private_key_file;  // empty: none
  FilePosition private_key_file_position;
  std::optional<uint16_t> listen_port;
  std::optional<uint32_t> fwmark;
  std::vector<InterfaceAddress> addresses;
  std::optional<uint16_t> mtu;      // absent: chosen by ringwire
  std::optional<uint16_t> workers;  // absent: chosen by ringwire
  IoBackendChoice io_backend = IoBackendChoice::kAuto;
  OffloadSwitches offloads;
  TransportCipher transport_cipher = TransportCipher::kAuto;
  RouteTable table;
  DnsSettings dns;
  Hooks hooks;
  bool save_config = false;  // write the device's state back into the file when it goes down
  GatewayConfig gateway;
  std::optional<EnrolConfig> enrol;      // nullopt: there is no such section
  std::optional<ConnectConfig> connect;  // likewise
  std::vector<PeerConfig> peers;
};

struct NamedValues;

struct ConfigParse {
  ConfigFile config;  // to be used only without errors
  // In the order of the file; at most kConfigErrorsMax, then one more that counts the rest.
  std::vector<ConfigError> errors;
  // What can hardly be meant, and is possible all the same.
  std::vector<ConfigError> warnings;

  bool ok() const { return errors.empty(); }
};

// `lookup` and `tables`: for ports and routing tables that are given by name.
ConfigParse ParseConfigFile(std::string_view text, ServicePort lookup = nullptr,
                            TableNumber tables = nullptr);

// What a list of AllowedIPs leaves of itself: the last word on each prefix decides.
std::vector<Prefix> RemainingPrefixes(const std::vector<AllowedIpChange>& changes);

// What `wg setconf` takes of it, normalised. The text contains the keys; the caller zeroes it
// (crypto::Cleanse). A key that is in a file of its own is written only if the caller read it into
// `private_key` or `preshared_key`.
std::string Strip(const ConfigFile& config);

// Of its private key; zeros without one.
crypto::PublicKey PublicKeyOf(const ConfigFile& config);

// The allowed IPs of all peers, each once, the longest first as wg-quick.
std::vector<Prefix> AllowedPrefixes(const ConfigFile& config);

// The part that makes a device, for another process of ours to parse: all that ToDeviceUpdate takes
// and no more, with each endpoint as resolved, or as a name if it is not, and the mark that the
// sockets are to have (0: they keep theirs, unless `config` says so). A value that `before` names
// and `config` does not is cleared; one that neither names is left out, as a hook or `wg set` may
// have set it. Contains the keys; the caller zeroes it.
std::string ToDeviceText(const ConfigFile& config, const NamedValues& before,
                         std::span<const std::optional<SocketAddress>> endpoints, uint32_t fwmark);

// The configuration as a change that replaces all peers. A value that it doesn't name is absent.
// `endpoints` has one entry for every peer, in order: its resolved endpoint, or nullopt to leave it
// unset.
DeviceUpdate ToDeviceUpdate(const ConfigFile& config,
                            std::span<const std::optional<SocketAddress>> endpoints);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_CONFIG_FILE_H_
