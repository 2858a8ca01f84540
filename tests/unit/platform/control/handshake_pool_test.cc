#include "platform/control/handshake_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "crypto/random.h"
#include "crypto/x25519.h"
#include "platform/base/event_fd.h"

namespace ringwire::platform {
namespace {

class HandshakePoolTest : public testing::Test {
 protected:
  static LocalIdentity NewIdentity() {
    crypto::SystemRandom random;
    return LocalIdentity::From(crypto::GeneratePrivateKey(random));
  }
  // Computes the DH of two static keys.
  std::unique_ptr<HandshakeWork> Work(const LocalIdentity& local, const LocalIdentity& remote,
                                      uint64_t number) {
    auto work = std::make_unique<HandshakeWork>();
    work->step = HandshakeWork::Step::kPrepare;
    work->local = local;
    work->remote.public_key = remote.public_key;
    work->epoch = number;
    return work;
  }
  std::unique_ptr<HandshakeWork> TakeNext(HandshakePool* pool) {
    while (true) {
      if (std::unique_ptr<HandshakeWork> work = pool->Take()) return work;
      done_.Wait(10'000);
    }
  }

  const EventFd done_;
};

TEST_F(HandshakePoolTest, ComputesOnItsThreads) {
  HandshakePool pool([this] { done_.Raise(); });
  ASSERT_TRUE(pool.Start(2));
  const LocalIdentity a = NewIdentity();
  const LocalIdentity b = NewIdentity();
  pool.Submit(Work(a, b, 1));
  pool.Submit(Work(b, a, 2));
  const std::unique_ptr<HandshakeWork> first = TakeNext(&pool);
  const std::unique_ptr<HandshakeWork> second = TakeNext(&pool);
  EXPECT_EQ(first->epoch, 1u);
  EXPECT_EQ(second->epoch, 2u);
  EXPECT_FALSE(first->remote.static_static.IsZero());
  EXPECT_TRUE(first->remote.static_static == second->remote.static_static);
  EXPECT_EQ(pool.Take(), nullptr);
}

// Whichever thread is faster.
TEST_F(HandshakePoolTest, ResultsComeInTheOrderOfSubmission) {
  HandshakePool pool([this] { done_.Raise(); });
  ASSERT_TRUE(pool.Start(4));
  const LocalIdentity a = NewIdentity();
  const LocalIdentity b = NewIdentity();
  uint64_t submitted = 0;
  for (uint64_t expected = 0; expected < 500; ++expected) {
    while (submitted < 500 && pool.has_room()) pool.Submit(Work(a, b, submitted++));
    ASSERT_EQ(TakeNext(&pool)->epoch, expected);
  }
}

TEST_F(HandshakePoolTest, HasRoomForSoMuchAndNoMore) {
  HandshakePool pool([] {});
  ASSERT_TRUE(pool.Start(1));
  const LocalIdentity a = NewIdentity();
  for (size_t i = 0; i < HandshakePool::kUnderWayMax; ++i) {
    ASSERT_TRUE(pool.has_room());
    pool.Submit(Work(a, a, i));
  }
  EXPECT_FALSE(pool.has_room());
}

TEST_F(HandshakePoolTest, EndsWithWorkUnderWay) {
  const LocalIdentity a = NewIdentity();
  for (int i = 0; i < 20; ++i) {
    HandshakePool pool([] {});
    ASSERT_TRUE(pool.Start(2));
    while (pool.has_room()) pool.Submit(Work(a, a, 1));
  }
}

}  // namespace
}  // namespace ringwire::platform
