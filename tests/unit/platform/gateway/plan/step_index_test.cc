#include "platform/gateway/plan/step_index.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

Step TableStep(bool stays) { return {ReplaceNftTable{}, DeleteNftTable{"ringwire-wg0"}, stays}; }

TEST(StepIndexTest, FindsWholeStepsAndUndos) {
  const std::vector<Step> steps = {{SetMtu{1420}, {}},
                                   {SetLinkUp{}, {}},
                                   {CreateInterface{}, DeleteInterface{}},
                                   TableStep(false)};
  const StepIndex index(steps);
  for (const Step& step : steps) EXPECT_TRUE(index.Contains(step));
  EXPECT_FALSE(index.Contains({SetMtu{1400}, {}}));
  EXPECT_FALSE(index.Contains(TableStep(true)));
  EXPECT_TRUE(index.HasUndo(DeleteInterface{}));
  EXPECT_TRUE(index.HasUndo(DeleteNftTable{"ringwire-wg0"}));
  EXPECT_FALSE(index.HasUndo(DeleteNftTable{"ringwire-wg1"}));
  EXPECT_FALSE(index.HasLastingUndo(DeleteNftTable{"ringwire-wg0"}));
  const std::vector<Step> lasting = {TableStep(false), TableStep(true)};
  EXPECT_TRUE(StepIndex(lasting).HasLastingUndo(DeleteNftTable{"ringwire-wg0"}));
  EXPECT_FALSE(StepIndex(lasting).HasLastingUndo(DeleteInterface{}));
}

}  // namespace
}  // namespace ringwire::platform
