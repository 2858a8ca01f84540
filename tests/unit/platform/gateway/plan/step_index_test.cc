#include "platform/gateway/plan/step_index.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

Step TableStep(bool stays) {
  return {action::ReplaceNftTable{}, action::DeleteNftTable{"ringwire-wg0"}, stays};
}

TEST(StepIndexTest, FindsWholeStepsAndUndos) {
  const std::vector<Step> steps = {{action::SetMtu{1420}, {}},
                                   {action::SetLinkUp{}, {}},
                                   {action::CreateInterface{}, action::DeleteInterface{}},
                                   TableStep(false)};
  const StepIndex index(steps);
  for (const Step& step : steps) EXPECT_TRUE(index.Contains(step));
  EXPECT_FALSE(index.Contains({action::SetMtu{1400}, {}}));
  EXPECT_FALSE(index.Contains(TableStep(true)));
  EXPECT_TRUE(index.HasUndo(action::DeleteInterface{}));
  EXPECT_TRUE(index.HasUndo(action::DeleteNftTable{"ringwire-wg0"}));
  EXPECT_FALSE(index.HasUndo(action::DeleteNftTable{"ringwire-wg1"}));
  EXPECT_FALSE(index.HasLastingUndo(action::DeleteNftTable{"ringwire-wg0"}));
  const std::vector<Step> lasting = {TableStep(false), TableStep(true)};
  EXPECT_TRUE(StepIndex(lasting).HasLastingUndo(action::DeleteNftTable{"ringwire-wg0"}));
  EXPECT_FALSE(StepIndex(lasting).HasLastingUndo(action::DeleteInterface{}));
}

}  // namespace
}  // namespace ringwire::platform
