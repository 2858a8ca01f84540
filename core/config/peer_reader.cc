#include "core/config/peer_reader.h"

namespace ringwire {

const PeerStatus* PeerReader::Current() {
  while (index_ == peers_.size() && more_ != nullptr) {
    peers_.clear();
    index_ = 0;
    if (!more_(&cursor_, &peers_)) more_ = nullptr;
  }
  return index_ < peers_.size() ? &peers_[index_] : nullptr;
}

}  // namespace ringwire
