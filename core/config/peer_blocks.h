#ifndef RINGWIRE_CORE_CONFIG_PEER_BLOCKS_H_
#define RINGWIRE_CORE_CONFIG_PEER_BLOCKS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

// Peers that come into a configuration file and go from it, and the file for their other end. Texts
// contain keys; the caller zeroes them (crypto::Cleanse). Pure.
namespace ringwire {

// For each family in which the interface has a network: the lowest address of it that neither the
// interface nor a peer has. FailedPrecondition: there is no network, or no address is left.
absl::StatusOr<std::vector<IpAddress>> FreeAddresses(const ConfigFile& config);

struct NewPeer {
  std::string name;
  crypto::PublicKey public_key{};
  crypto::PresharedKey preshared_key;
  std::vector<IpAddress> addresses;
};
// The file with a block for the peer at its end.
std::string WithPeer(std::string_view text, const NewPeer& peer);

// The file without the [Peer] blocks that begin at these lines (from 1, ascending), nor the
// comments right above them. All other lines stay byte for byte.
std::string WithoutPeers(std::string_view text, std::span<const uint32_t> lines);

struct ClientFile {
  crypto::PrivateKey private_key;
  const NewPeer* peer = nullptr;  // the client, as its gateway sees it
  const ConfigFile* gateway = nullptr;
  crypto::PublicKey gateway_key{};
  std::string endpoint;      // of the gateway, "host:port"
  bool full_tunnel = false;  // else only the interface's networks
};
// The configuration of the client.
std::string ClientText(const ClientFile& client);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_PEER_BLOCKS_H_
