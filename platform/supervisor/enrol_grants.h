#ifndef RINGWIRE_PLATFORM_SUPERVISOR_ENROL_GRANTS_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_ENROL_GRANTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "core/config/config_file.h"
#include "core/device/device_update.h"
#include "core/enrol/address_pool.h"
#include "core/enrol/message_files.h"
#include "core/enrol/messages.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

namespace ringwire::platform {

// The supervisor's own check of every grant, and its list of peers with leases: a registrar that
// was taken over can let in only keys and addresses that the configuration allows. Pure.
// Thread-compatible.
class EnrolGrants {
 public:
  void Configure(const ConfigFile& config, const crypto::PublicKey& gateway_key,
                 const enrol::UserTable& users);

  // kDone: the relay may take PeerOf(grant); then call Add().
  enrol::GrantResult Check(const enrol::Grant& grant) const;
  static PeerUpdate PeerOf(const enrol::Grant& grant);
  void Add(const enrol::Grant& grant);

  bool Has(const crypto::PublicKey& public_key) const { return leases_.contains(public_key); }
  void Remove(const crypto::PublicKey& public_key);

  std::vector<crypto::PublicKey> All() const;
  // Another registrar begins: leases that it does not grant again are to go.
  void ExpectAllAgain();
  std::vector<crypto::PublicKey> NotGrantedAgain() const;
  // Leases whose key is a [Peer]'s now: the peer wins.
  std::vector<crypto::PublicKey> LostToPeers() const;

 private:
  struct Lease {
    std::vector<IpAddress> addresses;
    bool is_expected = false;
  };

  enrol::AddressPool pool_;
  absl::btree_set<crypto::PublicKey> forbidden_;  // the gateway's key and those of [Peer]s
  absl::btree_set<std::string> users_;
  uint32_t leases_max_ = 0;
  absl::btree_map<crypto::PublicKey, Lease> leases_;
  absl::btree_map<IpAddress, crypto::PublicKey> owners_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_ENROL_GRANTS_H_
