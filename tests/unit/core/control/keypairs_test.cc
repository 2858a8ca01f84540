#include "core/control/keypairs.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

class KeypairsTest : public testing::Test {
 protected:
  ~KeypairsTest() override {
    keypairs_.Clear(now_);
    shared_.quiescence.Collect();
  }

  std::shared_ptr<Keypair> Make(bool is_initiator) {
    SessionKeys keys;
    random_.Fill(keys.send.bytes());
    random_.Fill(keys.receive.bytes());
    keys.local_index = shared_.index_table.Reserve(random_, now_);
    keys.remote_index = random_.Uint32();
    keys.is_initiator = is_initiator;
    return std::make_shared<Keypair>(keys, &slot_, now_);
  }
  // Adds one and returns its address, which stays a name for it.
  Keypair* AddAsInitiator() {
    std::shared_ptr<Keypair> keypair = Make(true);
    Keypair* const name = keypair.get();
    keypairs_.AddAsInitiator(std::move(keypair), now_);
    return name;
  }
  Keypair* AddAsResponder() {
    std::shared_ptr<Keypair> keypair = Make(false);
    Keypair* const name = keypair.get();
    keypairs_.AddAsResponder(std::move(keypair), now_);
    return name;
  }
  void ExpectSlots(const Keypair* previous, const Keypair* current, const Keypair* next) {
    EXPECT_EQ(keypairs_.previous(), previous);
    EXPECT_EQ(keypairs_.current(), current);
    EXPECT_EQ(keypairs_.next(), next);
    EXPECT_EQ(slot_.current.load(), current) << "what the workers send with";
    size_t count = 0;
    for (const Keypair* const keypair : {previous, current, next}) {
      if (keypair == nullptr) continue;
      ++count;
      EXPECT_EQ(shared_.index_table.Find(keypair->local_index()), keypair);
    }
    EXPECT_EQ(shared_.index_table.reserved_count(), count) << "discarded sessions free their index";
  }

  const Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  SharedState shared_;
  SeededRandom random_{3};
  PeerSlot slot_{PeerId{0, 1}, &shared_.staged_pool};
  Keypairs keypairs_{&shared_, &slot_};
};

TEST_F(KeypairsTest, AnInitiatorsSessionIsCurrentAtOnceAndTheOldOneStaysForReceiving) {
  Keypair* const first = AddAsInitiator();
  ExpectSlots(nullptr, first, nullptr);
  Keypair* const second = AddAsInitiator();
  ExpectSlots(first, second, nullptr);
  Keypair* const third = AddAsInitiator();
  ExpectSlots(second, third, nullptr);
}

TEST_F(KeypairsTest, ARespondersSessionWaitsAndDiscardsThePreviousOne) {
  AddAsInitiator();
  Keypair* const current = AddAsInitiator();
  Keypair* const next = AddAsResponder();
  ExpectSlots(nullptr, current, next);
}

TEST_F(KeypairsTest, ASecondUnconfirmedSessionReplacesTheFirst) {
  AddAsResponder();
  Keypair* const second = AddAsResponder();
  ExpectSlots(nullptr, nullptr, second);
}

TEST_F(KeypairsTest, ConfirmMovesNextToCurrentOnlyOnceItHasReceived) {
  Keypair* const old = AddAsInitiator();
  Keypair* const next = AddAsResponder();
  EXPECT_FALSE(keypairs_.Confirm(now_));
  ExpectSlots(nullptr, old, next);
  ASSERT_TRUE(next->MarkReceived());
  EXPECT_TRUE(keypairs_.Confirm(now_));
  ExpectSlots(old, next, nullptr);
  EXPECT_FALSE(keypairs_.Confirm(now_)) << "nothing is left to confirm";
}

TEST_F(KeypairsTest, AnInitiatorsSessionMakesTheUnconfirmedOneThePrevious) {
  AddAsInitiator();
  Keypair* const unconfirmed = AddAsResponder();
  Keypair* const newest = AddAsInitiator();
  ExpectSlots(unconfirmed, newest, nullptr);
}

TEST_F(KeypairsTest, ExpireSendingStopsSendingAndNotReceiving) {
  Keypair* const current = AddAsInitiator();
  Keypair* const next = AddAsResponder();
  keypairs_.ExpireSending();
  EXPECT_FALSE(current->CanSend(now_));
  EXPECT_FALSE(next->CanSend(now_));
  EXPECT_TRUE(current->CanReceive(now_));
  ExpectSlots(nullptr, current, next);
}

TEST_F(KeypairsTest, ClearLeavesNothing) {
  AddAsInitiator();
  AddAsInitiator();
  AddAsResponder();
  keypairs_.Clear(now_);
  ExpectSlots(nullptr, nullptr, nullptr);
}

TEST_F(KeypairsTest, ADiscardedSessionLivesUntilItsReadersAreDone) {
  QuiescenceDomain::Reader* const reader = shared_.quiescence.AddReader();
  std::shared_ptr<Keypair> keypair = Make(true);
  const std::weak_ptr<Keypair> alive = keypair;
  keypairs_.AddAsInitiator(std::move(keypair), now_);
  reader->Online();
  keypairs_.Clear(now_);
  EXPECT_GT(shared_.quiescence.Collect(), 0U);
  EXPECT_FALSE(alive.expired());
  reader->Offline();
  EXPECT_EQ(shared_.quiescence.Collect(), 0U);
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace ringwire
