#ifndef RINGWIRE_CORE_ENROL_MESSAGE_FILES_H_
#define RINGWIRE_CORE_ENROL_MESSAGE_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/post_quantum.h"
#include "core/enrol/limits.h"
#include "core/enrol/message_fields.h"
#include "core/enrol/messages.h"
#include "core/enrol/secret_bytes.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

// What is too large for a message: it travels as sealed memory beside one. Pure.
namespace ringwire::enrol {

// The settings that every lease brings to its client, besides its addresses.
struct PushedSettings {
  std::vector<IpAddress> gateway_addresses;  // inside the tunnel
  std::vector<Prefix> routes;
  std::vector<std::string> endpoints;  // HOST:PORT of the gateway's UDP port
  std::vector<IpAddress> dns_servers;
  std::vector<std::string> dns_domains;
  uint16_t mtu = 0;
  uint16_t keepalive_s = 0;
  static void Fields(auto& self, auto& visit) {
    visit(UpTo(self.gateway_addresses, kGatewayAddressesMax), UpTo(self.routes, kPushedRoutesMax),
          Label(self.endpoints, kEndpointBytesMax), UpTo(self.dns_servers, kPushedServersMax),
          Label(self.dns_domains, kHostNameBytesMax + 1), self.mtu, self.keepalive_s);
  }
};

// Everything that a portal needs besides its listeners.
struct PortalSettings {
  std::vector<std::string> server_names;  // names or addresses that it answers to
  PostQuantum post_quantum = PostQuantum::kAuto;
  uint32_t certificate = 0;  // names `chain` and its private key
  std::string chain;         // PEM, the server's own certificate first
  crypto::PublicKey gateway_key{};
  uint32_t revision = 0;  // another one for other `pushed` settings
  PushedSettings pushed;
  static void Fields(auto& self, auto& visit) {
    visit(Label(self.server_names, kHostNameBytesMax), self.post_quantum, self.certificate,
          UpTo(self.chain, kChainBytesMax), self.gateway_key, self.revision, self.pushed);
  }
};

// What the registrar decides by. Times are in seconds.
struct RegistrarSettings {
  crypto::PublicKey gateway_key{};
  std::vector<Prefix> pool;
  std::vector<Prefix> reserved;  // in the pool, but not for leases
  uint32_t lease_s = 0;
  uint32_t session_s = 0;
  uint32_t devices_max = 0;
  uint32_t leases_max = 0;
  static void Fields(auto& self, auto& visit) {
    visit(self.gateway_key, UpTo(self.pool, kPoolPrefixesMax),
          UpTo(self.reserved, kReservedPrefixesMax), self.lease_s, self.session_s, self.devices_max,
          self.leases_max);
  }
};

// TLS private keys, the newest last. The one before it finishes handshakes that began with it.
struct KeyTable {
  struct Key {
    uint32_t certificate = 0;
    SecretBytes pem;
    static void Fields(auto& self, auto& visit) {
      visit(self.certificate, UpTo(self.pem, kPrivateKeyBytesMax));
    }
  };
  std::vector<Key> keys;
  static void Fields(auto& self, auto& visit) { visit(UpTo(self.keys, size_t{2})); }
};

// A line of a users file.
struct User {
  std::string name;
  std::string hash;              // crypt(5), `*` for none, or locked
  std::vector<Prefix> networks;  // behind this user's client
  std::optional<uint32_t> devices_max;
  std::optional<int64_t> until;  // seconds since 1970
  bool is_disabled = false;
  static void Fields(auto& self, auto& visit) {
    visit(Label(self.name, kUserBytesMax), Label(self.hash, kHashBytesMax),
          UpTo(self.networks, kUserNetworksMax), self.devices_max, self.until, self.is_disabled);
  }
};
struct UserTable {
  std::vector<User> users;
  static void Fields(auto& self, auto& visit) { visit(UpTo(self.users, kUsersMax)); }
};

// What `show` and `user list` tell of leases and logins. Times are in seconds since 1970.
struct LeaseTable {
  struct Lease {
    std::string user;
    std::string device;
    crypto::PublicKey public_key{};
    std::vector<IpAddress> addresses;
    IpAddress source;  // of its login or its last renewal
    int64_t since = 0;
    int64_t expires = 0;
    int64_t session_ends = 0;
    static void Fields(auto& self, auto& visit) {
      visit(Label(self.user, kUserBytesMax), Label(self.device, kDeviceBytesMax), self.public_key,
            UpTo(self.addresses, kLeaseAddressesMax), self.source, self.since, self.expires,
            self.session_ends);
    }
  };
  std::vector<Lease> leases;
  uint64_t logins_granted = 0;
  uint64_t logins_refused = 0;    // by their proof
  uint64_t logins_throttled = 0;  // without looking at the proof
  uint64_t hashes = 0;            // computed
  static void Fields(auto& self, auto& visit) {
    visit(UpTo(self.leases, size_t{kLeasesMax}), self.logins_granted, self.logins_refused,
          self.logins_throttled, self.hashes);
  }
};

// The bytes of such a file; empty: a field is beyond its bounds, or all are beyond kFileBytesMax.
template <typename File>
SecretBytes EncodeFile(const File& file) {
  FieldWriter counter;
  counter(file);
  if (!counter.ok() || counter.size() > kFileBytesMax) return SecretBytes();
  SecretBytes bytes(counter.size());
  FieldWriter writer(&bytes);
  writer(file);
  return bytes;
}

// nullopt: not such a file.
template <typename File>
std::optional<File> DecodeFile(std::string_view bytes) {
  File file;
  FieldReader reader(bytes);
  reader(file);
  if (!reader.IsWhole()) return std::nullopt;
  return file;
}

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_MESSAGE_FILES_H_
