#include "core/noise/keypair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "core/wire/constants.h"

namespace ringwire {
namespace {

constexpr Instant kNow = Instant::FromNanoseconds(1'000'000'000'000);

SessionKeys Keys(bool is_initiator) {
  SessionKeys keys;
  keys.send.bytes()[0] = 1;
  keys.receive.bytes()[0] = 2;
  keys.local_index = 0x11223344;
  keys.remote_index = 0x55667788;
  keys.is_initiator = is_initiator;
  return keys;
}

TEST(KeypairTest, CarriesItsSession) {
  const Keypair keypair(Keys(true), nullptr, kNow);
  EXPECT_EQ(keypair.local_index(), 0x11223344U);
  EXPECT_EQ(keypair.remote_index(), 0x55667788U);
  EXPECT_TRUE(keypair.is_initiator());
  EXPECT_EQ(keypair.suite(), crypto::AeadSuite::kChaCha20Poly1305);
  EXPECT_EQ(keypair.send_key().suite(), keypair.suite());
  EXPECT_EQ(keypair.created_at(), kNow);
  EXPECT_EQ(keypair.counters_reserved(), 0U);
}

TEST(KeypairTest, SendsUnderTheSendKeyAndReceivesUnderTheOther) {
  Keypair ours(Keys(true), nullptr, kNow);
  SessionKeys swapped = Keys(false);
  std::swap(swapped.send, swapped.receive);
  Keypair theirs(swapped, nullptr, kNow);
  crypto::AeadEngine engine;

  std::vector<uint8_t> text(5 + crypto::kTagBytes, 7);
  const crypto::SealSegment seal{.data = text.data(), .size = 5};
  engine.SealRun(ours.send_key(), {&seal, 1}, 9);
  const std::vector<uint8_t> sealed = text;
  crypto::OpenSegment open{.data = text.data(), .size = text.size(), .counter = 9, .ok = false};
  engine.OpenRun(theirs.receive_key(), {&open, 1});
  EXPECT_TRUE(open.ok);
  EXPECT_EQ(text[0], 7);

  text = sealed;
  engine.OpenRun(theirs.send_key(), {&open, 1});
  EXPECT_FALSE(open.ok);
}

TEST(KeypairTest, OnlyTheInitiatorRekeysOnAge) {
  const Keypair initiator(Keys(true), nullptr, kNow);
  EXPECT_EQ(initiator.rekey_on_send_at(), kNow + absl::Seconds(120));
  EXPECT_EQ(initiator.rekey_on_receive_at(), kNow + absl::Seconds(165));
  const Keypair responder(Keys(false), nullptr, kNow);
  EXPECT_TRUE(responder.rekey_on_send_at().IsInfiniteFuture());
  EXPECT_TRUE(responder.rekey_on_receive_at().IsInfiniteFuture());
}

TEST(KeypairTest, DiesForBothDirectionsAt180Seconds) {
  for (const bool is_initiator : {false, true}) {
    const Keypair keypair(Keys(is_initiator), nullptr, kNow);
    const Instant last = kNow + absl::Seconds(180) - absl::Nanoseconds(1);
    EXPECT_EQ(keypair.reject_at(), kNow + absl::Seconds(180));
    EXPECT_TRUE(keypair.CanSend(last));
    EXPECT_TRUE(keypair.CanReceive(last));
    EXPECT_FALSE(keypair.CanSend(keypair.reject_at()));
    EXPECT_FALSE(keypair.CanReceive(keypair.reject_at()));
  }
}

TEST(KeypairTest, AnExpiredSenderStillReceives) {
  Keypair keypair(Keys(true), nullptr, kNow);
  keypair.ExpireSending();
  EXPECT_FALSE(keypair.CanSend(kNow));
  EXPECT_TRUE(keypair.CanReceive(kNow));
}

TEST(KeypairTest, ReservesConsecutiveCounters) {
  Keypair keypair(Keys(true), nullptr, kNow);
  EXPECT_EQ(keypair.ReserveCounters(1, 0), 0U);
  EXPECT_EQ(keypair.ReserveCounters(64, 0), 1U);
  EXPECT_EQ(keypair.ReserveCounters(2, 0), 65U);
  EXPECT_EQ(keypair.counters_reserved(), 67U);
}

TEST(KeypairTest, HandsOutTheLastCounterBelowTheLimitAndNoMore) {
  Keypair keypair(Keys(true), nullptr, kNow);
  keypair.SetSendCounterForTest(kRejectAfterMessages - 3);
  EXPECT_EQ(keypair.ReserveCounters(4, 0), std::nullopt);
  EXPECT_EQ(keypair.ReserveCounters(kRejectAfterMessages, 0), std::nullopt);
  EXPECT_EQ(keypair.ReserveCounters(~uint64_t{0}, 0), std::nullopt);
  EXPECT_EQ(keypair.ReserveCounters(2, 0), kRejectAfterMessages - 3);
  EXPECT_EQ(keypair.ReserveCounters(2, 0), std::nullopt);
  EXPECT_EQ(keypair.ReserveCounters(1, 0), kRejectAfterMessages - 1);
  EXPECT_EQ(keypair.ReserveCounters(1, 0), std::nullopt);
}

TEST(KeypairTest, RepeatedRequestsBeyondTheLimitNeverWrapTheCounter) {
  Keypair keypair(Keys(true), nullptr, kNow);
  keypair.SetSendCounterForTest(kRejectAfterMessages);
  for (int i = 0; i < (1 << 20); ++i) ASSERT_EQ(keypair.ReserveCounters(64, 0), std::nullopt);
  EXPECT_EQ(keypair.counters_reserved(), kRejectAfterMessages);
  keypair.SetSendCounterForTest(~uint64_t{0});
  EXPECT_EQ(keypair.ReserveCounters(1, 0), std::nullopt);
}

TEST(KeypairTest, ThreadsNeverShareACounterAndNoneIsWastedAtTheLimit) {
  constexpr uint64_t kLeft = 20000;
  Keypair keypair(Keys(true), nullptr, kNow);
  keypair.SetSendCounterForTest(kRejectAfterMessages - kLeft);
  std::vector<std::vector<std::pair<uint64_t, uint64_t>>> reserved(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < reserved.size(); ++t) {
    threads.emplace_back([&keypair, &mine = reserved[t], count = t + 1] {
      while (const std::optional<uint64_t> first = keypair.ReserveCounters(count, 0)) {
        mine.emplace_back(*first, count);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::vector<std::pair<uint64_t, uint64_t>> all;
  for (const auto& ranges : reserved) all.insert(all.end(), ranges.begin(), ranges.end());
  std::sort(all.begin(), all.end());
  uint64_t next = kRejectAfterMessages - kLeft;
  for (const auto& [first, count] : all) {
    ASSERT_EQ(first, next);
    next += count;
  }
  EXPECT_EQ(next, kRejectAfterMessages);
}

TEST(KeypairTest, WantsRekeyAfterMoreThan2To60MessagesInEitherRole) {
  for (const bool is_initiator : {false, true}) {
    Keypair keypair(Keys(is_initiator), nullptr, kNow);
    EXPECT_FALSE(keypair.WantsRekeyByUse());
    keypair.SetSendCounterForTest(kRekeyAfterMessages);
    EXPECT_FALSE(keypair.WantsRekeyByUse());
    ASSERT_TRUE(keypair.ReserveCounters(1, 0).has_value());
    EXPECT_TRUE(keypair.WantsRekeyByUse());
  }
}

TEST(KeypairTest, TellsOfItsFirstMessageOnce) {
  Keypair keypair(Keys(false), nullptr, kNow);
  EXPECT_FALSE(keypair.has_received());
  EXPECT_TRUE(keypair.MarkReceived());
  EXPECT_TRUE(keypair.has_received());
  EXPECT_FALSE(keypair.MarkReceived());
}

TEST(KeypairTest, OnlyOneOfTwoThreadsConfirmsOrClaims) {
  for (int round = 0; round < 50; ++round) {
    Keypair keypair(Keys(false), nullptr, kNow);
    std::atomic<int> confirmed = 0;
    std::atomic<int> claimed = 0;
    std::atomic<int> ready = 0;
    const auto worker = [&] {
      ++ready;
      while (ready < 2) std::this_thread::yield();
      for (int i = 0; i < 10; ++i) {
        if (keypair.MarkReceived()) ++confirmed;
        if (keypair.ClaimRekeyOnReceive()) ++claimed;
      }
    };
    std::thread first(worker);
    std::thread second(worker);
    first.join();
    second.join();
    ASSERT_EQ(confirmed, 1);
    ASSERT_EQ(claimed, 1);
  }
}

TEST(KeypairTest, HasAReplayWindowOfItsOwn) {
  Keypair a(Keys(true), nullptr, kNow);
  Keypair b(Keys(true), nullptr, kNow);
  {
    const MutexLock lock(&a.replay_mutex());
    EXPECT_TRUE(a.replay_window().CheckAndSet(7));
    EXPECT_FALSE(a.replay_window().CheckAndSet(7));
  }
  const MutexLock lock(&b.replay_mutex());
  EXPECT_TRUE(b.replay_window().CheckAndSet(7));
}

// The limits of AES-256-GCM in bytes.

SessionKeys AesKeys(bool is_initiator) {
  SessionKeys keys = Keys(is_initiator);
  keys.suite = crypto::AeadSuite::kAes256Gcm;
  return keys;
}

TEST(KeypairBytesTest, AesCountsSealedBytesAndChaChaDoesNot) {
  Keypair aes(AesKeys(true), nullptr, kNow);
  EXPECT_EQ(aes.suite(), crypto::AeadSuite::kAes256Gcm);
  EXPECT_EQ(aes.receive_key().suite(), crypto::AeadSuite::kAes256Gcm);
  ASSERT_TRUE(aes.ReserveCounters(3, 300).has_value());
  ASSERT_TRUE(aes.ReserveCounters(1, 16).has_value());
  EXPECT_EQ(aes.bytes_reserved(), 316U);
  Keypair chacha(Keys(true), nullptr, kNow);
  ASSERT_TRUE(chacha.ReserveCounters(1, kAesRejectAfterBytes + 1).has_value());
  EXPECT_EQ(chacha.bytes_reserved(), 0U);
  EXPECT_FALSE(chacha.WantsRekeyByUse());
}

TEST(KeypairBytesTest, AesWantsRekeyAfter2To38BytesInEitherRole) {
  for (const bool is_initiator : {false, true}) {
    Keypair keypair(AesKeys(is_initiator), nullptr, kNow);
    keypair.SetSealedBytesForTest(kAesRekeyAfterBytes - 16);
    ASSERT_TRUE(keypair.ReserveCounters(1, 16).has_value());
    EXPECT_FALSE(keypair.WantsRekeyByUse());
    ASSERT_TRUE(keypair.ReserveCounters(1, 16).has_value());
    EXPECT_TRUE(keypair.WantsRekeyByUse());
    EXPECT_TRUE(keypair.CanSend(kNow)) << "until there is another key";
  }
}

TEST(KeypairBytesTest, AReservationAcross2To41BytesIsRefusedWholeAndEndsSending) {
  Keypair keypair(AesKeys(true), nullptr, kNow);
  keypair.SetSealedBytesForTest(kAesRejectAfterBytes - 100);
  EXPECT_TRUE(keypair.HasRoomFor(1, 100));
  EXPECT_FALSE(keypair.HasRoomFor(1, 101));
  ASSERT_EQ(keypair.ReserveCounters(1, 100), 0U) << "up to the limit, and no more";
  EXPECT_TRUE(keypair.CanSend(kNow));
  EXPECT_EQ(keypair.ReserveCounters(1, 1), std::nullopt);
  EXPECT_EQ(keypair.counters_reserved(), 1U);
  EXPECT_EQ(keypair.bytes_reserved(), kAesRejectAfterBytes);
  EXPECT_FALSE(keypair.CanSend(kNow));
  EXPECT_TRUE(keypair.CanReceive(kNow));

  Keypair large(AesKeys(true), nullptr, kNow);
  large.SetSealedBytesForTest(kAesRejectAfterBytes - 100);
  EXPECT_EQ(large.ReserveCounters(64, 6400), std::nullopt);
  EXPECT_EQ(large.ReserveCounters(64, ~uint64_t{0}), std::nullopt) << "nor does the sum wrap";
  EXPECT_EQ(large.bytes_reserved(), kAesRejectAfterBytes - 100);
  EXPECT_EQ(large.counters_reserved(), 0U);
}

TEST(KeypairBytesTest, ThreadsTogetherNeverPassTheLimit) {
  constexpr uint64_t kLeft = 100'000;
  Keypair keypair(AesKeys(true), nullptr, kNow);
  keypair.SetSealedBytesForTest(kAesRejectAfterBytes - kLeft);
  std::atomic<uint64_t> reserved = 0;
  std::vector<std::thread> threads;
  for (uint64_t size = 16; size < 20; ++size) {
    threads.emplace_back([&keypair, &reserved, size] {
      while (keypair.ReserveCounters(1, size).has_value()) reserved += size;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(reserved, kLeft);
  EXPECT_GT(reserved, kLeft - 20);
  EXPECT_EQ(keypair.bytes_reserved(), kAesRejectAfterBytes - kLeft + reserved);
}

}  // namespace
}  // namespace ringwire
