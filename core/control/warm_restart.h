#ifndef RINGWIRE_CORE_CONTROL_WARM_RESTART_H_
#define RINGWIRE_CORE_CONTROL_WARM_RESTART_H_

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/base/peer_id.h"
#include "core/control/control_plane.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

namespace ringwire {

// The peers that were alive when the previous process of this device ended. A client takes up to
// two minutes to notice a restart, so the gateway initiates instead. Thread-compatible: for the
// control thread.
class WarmRestart {
 public:
  // Keeps the endpoints that were heard within the last three minutes.
  void Restore(Instant now, absl::Time wall_now, std::span<const LiveEndpoint> endpoints);

  // The endpoint of a peer that is being added, once; nullopt: unknown or too old by now. The next
  // TakeDue returns the peer.
  std::optional<SocketAddress> Add(Instant now, const crypto::PublicKey& local,
                                   const crypto::PublicKey& key, PeerId peer);
  // When to call DropOld; InfiniteFuture: nothing is kept.
  Instant due() const { return drop_at_; }
  // Frees the endpoints of peers that were not added in time.
  void DropOld(Instant now);
  // The added peers to initiate to, the one heard last first. Empties the list.
  std::vector<PeerId> TakeDue(Instant now);

 private:
  struct Live {
    SocketAddress endpoint;
    Instant heard;
  };
  using Key = std::pair<crypto::PublicKey, crypto::PublicKey>;  // local, peer

  void Clear();

  absl::flat_hash_map<Key, Live> live_;
  Instant drop_at_ = Instant::InfiniteFuture();  // then all of live_ are too old
  std::vector<std::pair<Instant, PeerId>> added_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_WARM_RESTART_H_
