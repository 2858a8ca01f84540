#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_STEP_INDEX_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_STEP_INDEX_H_

#include <string>
#include <unordered_map>
#include <vector>

#include "platform/gateway/plan/action.h"
#include "platform/gateway/plan/plan.h"

namespace ringwire::platform {

// The steps of a plan, found without a look at each of them: a plan may have a route for every one
// of a hundred thousand prefixes. Immutable.
class StepIndex {
 public:
  // The steps must outlive this.
  explicit StepIndex(const std::vector<Step>& steps);

  bool Contains(const Step& step) const;
  // Whether `undo` is that of one of them,
  bool HasUndo(const Action& undo) const { return by_undo_.contains(ToJson(undo)); }
  // and of one that stays after a crash.
  bool HasLastingUndo(const Action& undo) const;

 private:
  std::unordered_multimap<std::string, const Step*> by_undo_;  // as ToJson; empty: it has none
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_STEP_INDEX_H_
