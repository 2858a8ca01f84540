#include "platform/control/heap_trim.h"

namespace ringwire::platform {

bool HeapTrim::TakeDue(size_t peers, size_t retired) {
  const size_t change = peers > peers_ ? peers - peers_ : peers_ - peers;
  if (change < kPeersChanged || retired != 0) return false;
  peers_ = peers;
  return true;
}

}  // namespace ringwire::platform
