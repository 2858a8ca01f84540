#ifndef RINGWIRE_CORE_CONTROL_PEER_TABLE_H_
#define RINGWIRE_CORE_CONTROL_PEER_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/peer_id.h"
#include "core/control/peer.h"
#include "crypto/secret.h"

namespace ringwire {

// All peers, each at a place of its own for as long as it lives. A place that is used again has a
// new generation, so an id that outlived its peer finds nobody. The hash map is an index only:
// whoever goes through all peers goes by place, in the same order in every run.
// Thread-compatible: control's.
class PeerTable {
 public:
  // The key must be new.
  Peer& Add(const crypto::PublicKey& public_key, SharedState* shared);
  // Destroys the peer. What the workers may still see of it (its slot) is the caller's to retire.
  void Remove(PeerId id);

  Peer* Find(const crypto::PublicKey& public_key) const;
  Peer* Find(PeerId id) const;
  Peer* At(uint32_t index) const { return places_[index].peer.get(); }
  size_t size() const { return by_key_.size(); }
  // How many indices there are, those at which there is nobody at present (nullptr) included.
  size_t places() const { return places_.size(); }

  // Calls `visit(Peer&)` for each; it may remove the peer that it is given, and no other.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t i = 0; i < places_.size(); ++i) {
      if (places_[i].peer != nullptr) visit(*places_[i].peer);
    }
  }

 private:
  struct Place {
    std::unique_ptr<Peer> peer;
    uint32_t generation = 0;  // of the present peer, or of the last one
  };

  std::vector<Place> places_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<crypto::PublicKey, uint32_t> by_key_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_PEER_TABLE_H_
