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

// All peers, each in a slot of its own for its lifetime. A reused slot has a new generation, so an
// id that outlived its peer finds none. The hash map is only an index: iteration goes by slot, in
// the same order in every run. Thread-compatible: for the control thread.
class PeerTable {
 public:
  // The key must be new.
  Peer& Add(const crypto::PublicKey& public_key, SharedState* shared);
  // Destroys the peer. The caller retires the part that workers may still see (its slot).
  void Remove(PeerId id);

  Peer* Find(const crypto::PublicKey& public_key) const;
  Peer* Find(PeerId id) const;
  Peer* At(uint32_t index) const { return places_[index].peer.get(); }
  size_t size() const { return by_key_.size(); }
  // The number of indices, unused ones (nullptr) included.
  size_t places() const { return places_.size(); }

  // Calls `visit(Peer&)` for each peer; it may remove that peer and no other.
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
