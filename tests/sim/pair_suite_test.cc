// Two gateways that can use AES-256-GCM: how network, load and limits affect the choice.

#include <optional>
#include <utility>
#include <vector>

#include "core/wire/constants.h"
#include "core/wire/messages.h"
#include "gtest/gtest.h"
#include "tests/sim/checkers.h"
#include "tests/support/pair.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

constexpr auto kChaCha = crypto::AeadSuite::kChaCha20Poly1305;
constexpr auto kAes = crypto::AeadSuite::kAes256Gcm;
constexpr Pair::Options kBothHaveAes{.a_has_aes = true, .b_has_aes = true};

Keypair& Current(Node& node, uint8_t peer_host) {
  return *node.shared().allowed_ips.Lookup(TestAddress(IpFamily::kV4, peer_host))->current.load();
}
Keypair& CurrentOfA(Pair& pair) { return Current(pair.a(), 2); }
Keypair& CurrentOfB(Pair& pair) { return Current(pair.b(), 1); }

void SetCipher(Pair& pair, Node& node, TransportCipher cipher) {
  DeviceUpdate update;
  update.transport_cipher = cipher;
  ASSERT_TRUE(node.Apply(pair.now(), update).ok());
}

TEST(SuiteTest, TrafficOfAllSizesFlowsInAesAndRenewalsKeepIt) {
  Pair pair(kBothHaveAes);
  for (const size_t bytes : {0u, 1u, 16u, 56u, 1372u, 9000u}) {
    EXPECT_TRUE(pair.SendFromA(bytes)) << bytes;
    EXPECT_TRUE(pair.SendFromB(bytes, IpFamily::kV6)) << bytes;
  }
  for (int second = 0; second < 300; ++second) {
    ASSERT_TRUE(pair.SendFromA()) << second;
    ASSERT_TRUE(pair.SendFromB()) << second;
    ASSERT_EQ(CurrentOfA(pair).suite(), kAes) << second;
    ASSERT_EQ(CurrentOfB(pair).suite(), kAes) << second;
    pair.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 3u);
}

TEST(SuiteTest, ACookieUnderLoadIsFollowedByAes) {
  Pair pair(kBothHaveAes);
  pair.b().shared().under_load_until_ns.store((pair.now() + absl::Minutes(1)).nanoseconds());
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_EQ(pair.CountOnWire(kMessageCookieReply), 1u);
  EXPECT_EQ(pair.CountOnWire(kMessageResponse), 0u);
  pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 2u);
  EXPECT_EQ(pair.b().TakeDelivered().size(), 1u);
  EXPECT_EQ(CurrentOfA(pair).suite(), kAes);
  EXPECT_EQ(CurrentOfB(pair).suite(), kAes);
}

TEST(SuiteTest, PreviousCurrentAndNextMayDifferInSuiteAndAllOpen) {
  Pair pair(kBothHaveAes);
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromB());
  pair.Advance(kRekeyAfterTime - absl::Seconds(1));
  // Under way while the session is replaced.
  std::vector<std::pair<bool, Datagram>> late;
  pair.set_filter([&late](bool from_a, Datagram* datagram) {
    late.emplace_back(from_a, *datagram);
    return false;
  });
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_FALSE(pair.SendFromB());
  ASSERT_EQ(late.size(), 2u);
  pair.set_filter(nullptr);

  SetCipher(pair, pair.b(), TransportCipher::kChaCha20Poly1305);
  pair.Advance(absl::Seconds(1));
  ASSERT_TRUE(pair.SendFromA());
  EXPECT_EQ(CurrentOfA(pair).suite(), kChaCha);
  ASSERT_TRUE(pair.SendFromB());
  EXPECT_EQ(CurrentOfB(pair).suite(), kChaCha);
  for (const auto& [from_a, datagram] : late) {  // previous: AES, current: ChaCha
    Node& to = from_a ? pair.b() : pair.a();
    to.FromWire(pair.now(), from_a ? pair.FromA() : pair.FromB(), datagram.bytes);
    EXPECT_EQ(to.TakeDelivered().size(), 1u);
  }

  SetCipher(pair, pair.b(), TransportCipher::kAuto);
  pair.Advance(kRekeyAfterTime);
  pair.set_filter([](bool from_a, Datagram* datagram) {
    return !from_a || datagram->bytes[0] != kMessageTransport;
  });
  EXPECT_FALSE(pair.SendFromA());
  EXPECT_EQ(CurrentOfA(pair).suite(), kAes);
  EXPECT_EQ(CurrentOfB(pair).suite(), kChaCha) << "its next one, in AES, is not confirmed";
  EXPECT_TRUE(pair.SendFromB()) << "A opens it under its previous session";
  pair.set_filter(nullptr);
  EXPECT_TRUE(pair.SendFromA());
  EXPECT_EQ(CurrentOfB(pair).suite(), kAes);
  EXPECT_TRUE(pair.SendFromB());
}

TEST(SuiteTest, SimultaneousInitiationsUnderLossConverge) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SeededRandom random(seed);
    Pair::Options options{.seed = seed, .b_knows_endpoint = true};
    options.a_has_aes = options.b_has_aes = true;
    Pair pair(options);
    const Instant now = pair.now();
    Violations violations(&now);
    const auto check = [&](bool from_a, const Datagram& datagram) {
      CheckSameSuite(from_a ? pair.a() : pair.b(), from_a ? pair.b() : pair.a(), datagram.bytes,
                     &violations);
    };
    pair.set_filter([&](bool from_a, Datagram* datagram) {
      check(from_a, *datagram);
      return random.Below(2) == 0;
    });
    for (int second = 0; second < 400; ++second) {
      pair.a().FromTun(pair.now(), Pair::PacketFromA(56));
      pair.b().FromTun(pair.now(), Pair::PacketFromB(56));
      pair.Deliver();
      pair.Advance(absl::Seconds(1));
    }
    pair.set_filter([&](bool from_a, Datagram* datagram) {
      check(from_a, *datagram);
      return true;
    });
    pair.Advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
    pair.SendFromA();
    pair.SendFromB();
    pair.Advance(kKeepaliveTimeout + 2 * kRekeyTimeout + kRekeyTimeoutJitterMax);
    EXPECT_TRUE(pair.SendFromA());
    EXPECT_TRUE(pair.SendFromB());
    EXPECT_EQ(violations.ToString(), "");
  }
}

// Limits, by injection.

TEST(SuiteLimitsTest, ARunReservesItsBytesOnce) {
  Pair pair(kBothHaveAes);
  ASSERT_TRUE(pair.SendFromA());
  ASSERT_TRUE(pair.SendFromA(1000));
  ASSERT_TRUE(pair.SendFromA(9000));
  uint64_t bytes = 0;
  for (const Pair::Seen& seen : pair.wiretap()) {
    if (seen.from_a && seen.type() == kMessageTransport) bytes += seen.datagram.bytes.size() - 16;
  }
  EXPECT_EQ(CurrentOfA(pair).bytes_reserved(), bytes);
}

TEST(SuiteLimitsTest, EitherRoleRenewsOnceAfter2To38Bytes) {
  for (const bool a_sends : {true, false}) {
    Pair pair(kBothHaveAes);
    ASSERT_TRUE(pair.SendFromA());
    ASSERT_TRUE(pair.SendFromB());
    pair.Advance(absl::Seconds(10));
    Keypair& used = a_sends ? CurrentOfA(pair) : CurrentOfB(pair);
    used.SetSealedBytesForTest(kAesRekeyAfterBytes);
    pair.ClearWiretap();
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(a_sends ? pair.SendFromA() : pair.SendFromB());
    }
    ASSERT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
    EXPECT_EQ(pair.LastOnWire(kMessageInitiation)->from_a, a_sends);
    EXPECT_TRUE(pair.SendFromA());
    EXPECT_TRUE(pair.SendFromB());
  }
}

TEST(SuiteLimitsTest, NothingIsSealedPast2To41BytesAndANewKeyFollows) {
  for (const bool a_sends : {true, false}) {
    Pair pair(kBothHaveAes);
    ASSERT_TRUE(pair.SendFromA());
    ASSERT_TRUE(pair.SendFromB());
    Node& sender = a_sends ? pair.a() : pair.b();
    Keypair& used = a_sends ? CurrentOfA(pair) : CurrentOfB(pair);
    used.SetSealedBytesForTest(kAesRejectAfterBytes - 100);
    pair.ClearWiretap();
    const auto send = [&] { return a_sends ? pair.SendFromA() : pair.SendFromB(); };
    EXPECT_FALSE(send());
    EXPECT_EQ(pair.CountOnWire(kMessageTransport), 0u);
    EXPECT_EQ(sender.Dropped(DropReason::kCounterLimit), 1u);
    EXPECT_FALSE(used.CanSend(pair.now()));
    EXPECT_FALSE(send()) << "staged now";
    EXPECT_EQ(sender.Dropped(DropReason::kCounterLimit), 1u);
    pair.Advance(kRekeyTimeout);
    EXPECT_TRUE(send());
    EXPECT_EQ((a_sends ? CurrentOfA(pair) : CurrentOfB(pair)).suite(), kAes);
    EXPECT_TRUE(pair.SendFromA());
    EXPECT_TRUE(pair.SendFromB());
  }
}

TEST(SuiteLimitsTest, AKeepaliveDoesNotPassTheLimitEither) {
  Pair::Options options{.keepalive_a = 10};
  options.a_has_aes = options.b_has_aes = true;
  Pair pair(options);
  pair.Advance(absl::Seconds(5));
  Keypair& used = CurrentOfA(pair);
  used.SetSealedBytesForTest(kAesRejectAfterBytes - 15);
  pair.ClearWiretap();
  pair.Advance(absl::Seconds(10));
  EXPECT_EQ(pair.CountOnWire(kMessageInitiation), 1u);
  EXPECT_EQ(used.counters_reserved(), 1u);
  EXPECT_TRUE(pair.SendFromA());
}

}  // namespace
}  // namespace ringwire
