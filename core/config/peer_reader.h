#ifndef RINGWIRE_CORE_CONFIG_PEER_READER_H_
#define RINGWIRE_CORE_CONFIG_PEER_READER_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "core/device/device_update.h"

namespace ringwire {

// Appends some peers of a device, from `*cursor` (0 at first) on, and moves it. False: those were
// the last. Peers that are added or removed between two calls may be missed.
using ListPeersFunction = std::function<bool(size_t* cursor, std::vector<PeerStatus>* peers)>;

// Reads a device's peers one after the other and keeps only a piece of the list in memory.
// Thread-compatible.
class PeerReader {
 public:
  // First those of `peers`, then those that `more` lists.
  PeerReader(std::vector<PeerStatus> peers, ListPeersFunction more)
      : peers_(std::move(peers)), more_(std::move(more)) {}

  // The peer that is read now, valid until Next(); null: there is no further one.
  const PeerStatus* Current();
  // Only while Current() is not null.
  void Next() { ++index_; }

 private:
  std::vector<PeerStatus> peers_;
  ListPeersFunction more_;  // null: it has listed all
  size_t cursor_ = 0;       // of more_
  size_t index_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_PEER_READER_H_
