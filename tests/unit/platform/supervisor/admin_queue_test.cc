#include "platform/supervisor/admin_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace ringwire::platform {
namespace {

class AdminQueueTest : public testing::Test {
 protected:
  void Add(AdminVerb verb) {
    queue_.Add(verb, [this](const AdminResult& result) { answers_.push_back(result.text); });
  }

  AdminQueue queue_;
  std::vector<std::string> answers_;
};

TEST_F(AdminQueueTest, AnswersEachRequestOfAVerbOnce) {
  Add(AdminVerb::kSave);
  Add(AdminVerb::kReload);
  Add(AdminVerb::kSave);
  EXPECT_TRUE(queue_.Has(AdminVerb::kSave));
  queue_.AnswerAll(AdminVerb::kSave, {true, "saved"});
  queue_.AnswerAll(AdminVerb::kSave, {true, "again"});
  EXPECT_EQ(answers_, (std::vector<std::string>{"saved", "saved"}));
  EXPECT_TRUE(queue_.Has(AdminVerb::kReload));
}

TEST_F(AdminQueueTest, AReloadThatComesLaterWaitsForTheNextOne) {
  EXPECT_FALSE(queue_.TakeReloads());
  Add(AdminVerb::kReload);
  EXPECT_TRUE(queue_.TakeReloads());
  Add(AdminVerb::kReload);
  queue_.AnswerTakenReloads({true, "first"});
  EXPECT_EQ(answers_, std::vector<std::string>{"first"});
  EXPECT_TRUE(queue_.TakeReloads());
  queue_.AnswerTakenReloads({true, "second"});
  EXPECT_EQ(answers_.back(), "second");
}

TEST_F(AdminQueueTest, IsBounded) {
  Add(AdminVerb::kReload);
  EXPECT_TRUE(queue_.TakeReloads());
  for (size_t i = 1; i < AdminQueue::kMax; ++i) Add(AdminVerb::kSave);
  EXPECT_TRUE(answers_.empty());
  Add(AdminVerb::kSave);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0], "the service is busy with earlier requests (try again)");
}

}  // namespace
}  // namespace ringwire::platform
