#include "platform/gateway/plan/step_index.h"

#include <algorithm>

namespace ringwire::platform {
namespace {

std::string KeyOf(const Step& step) { return step.undo.has_value() ? ToJson(*step.undo) : ""; }

}  // namespace

StepIndex::StepIndex(const std::vector<Step>& steps) {
  for (const Step& step : steps) by_undo_.emplace(KeyOf(step), &step);
}

bool StepIndex::Contains(const Step& step) const {
  const auto [first, last] = by_undo_.equal_range(KeyOf(step));
  return std::any_of(first, last, [&step](const auto& one) { return *one.second == step; });
}

bool StepIndex::HasLastingUndo(const Action& undo) const {
  const auto [first, last] = by_undo_.equal_range(ToJson(undo));
  return std::any_of(first, last, [](const auto& one) { return one.second->stays_after_crash; });
}

}  // namespace ringwire::platform
