#include "platform/worker/turn_budget.h"

#include <algorithm>

namespace ringwire::platform {

size_t FramesOfTurn(std::span<const TunFrame> frames, std::span<const ReceivedRun> runs) {
  if (runs.size() < kRunsOfBacklog) return frames.size();
  size_t budget = 0;
  for (const ReceivedRun& received : runs) budget += received.run.PayloadBytes();
  budget = std::max(budget, kTunBytesBesideBacklog);
  size_t count = 0;
  for (size_t bytes = 0; count < frames.size() && bytes < budget; ++count) {
    bytes += frames[count].bytes.size();
  }
  return count;
}

}  // namespace ringwire::platform
