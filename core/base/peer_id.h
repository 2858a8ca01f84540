#ifndef RINGWIRE_CORE_BASE_PEER_ID_H_
#define RINGWIRE_CORE_BASE_PEER_ID_H_

#include <cstdint>

namespace ringwire {

// Names a peer between the planes: its place in control's slab, and which of the peers that lived
// there it is. Generation 0 is nobody.
struct PeerId {
  uint32_t index = 0;
  uint32_t generation = 0;
  friend bool operator==(const PeerId&, const PeerId&) = default;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_PEER_ID_H_
