#ifndef RINGWIRE_CORE_BASE_PEER_ID_H_
#define RINGWIRE_CORE_BASE_PEER_ID_H_

#include <cstdint>

namespace ringwire {

// Names a peer between the planes: its slot in control's slab, and the generation of that slot,
// since slots are reused. Generation 0 is no peer.
struct PeerId {
  uint32_t index = 0;
  uint32_t generation = 0;
  friend bool operator==(const PeerId&, const PeerId&) = default;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_PEER_ID_H_
