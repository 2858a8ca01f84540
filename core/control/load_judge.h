#ifndef RINGWIRE_CORE_CONTROL_LOAD_JUDGE_H_
#define RINGWIRE_CORE_CONTROL_LOAD_JUDGE_H_

#include <cstdint>

#include "core/base/instant.h"
#include "core/routing/shared_state.h"

namespace ringwire {

// Decides how many initiations may wait before every source must show a cookie. Many peers that
// come back at once (a storm) are served from a queue of about a second of work; a cookie would
// cost each of them five seconds more. Initiations that prove nothing (a flood) get a short queue:
// more than half of those handled lately were not authentic, and then it stays short for a minute.
// Thread-compatible: for the control thread.
class LoadJudge {
 public:
  explicit LoadJudge(SharedState* shared) : shared_(shared) {}

  // After each initiation that control has handled.
  void Handled(Instant now, bool is_authentic);

 private:
  // Initiations that are judged together: about 15 ms of work.
  static constexpr uint32_t kWindow = 64;

  SharedState* const shared_;
  uint32_t handled_ = 0;
  uint32_t authentic_ = 0;
  Instant flood_until_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_LOAD_JUDGE_H_
