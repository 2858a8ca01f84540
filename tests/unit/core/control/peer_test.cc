#include "core/control/peer.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/wire/constants.h"
#include "crypto/x25519.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

class PeerTest : public testing::Test {
 protected:
  ~PeerTest() override {
    peer_.keypairs.Clear(now_);
    shared_.quiescence.Collect();
  }
  Keypair& AddSession(bool is_initiator,
                      crypto::AeadSuite suite = crypto::AeadSuite::kChaCha20Poly1305) {
    SessionKeys keys;
    keys.suite = suite;
    keys.local_index = shared_.index_table.Reserve(random_, now_);
    keys.is_initiator = is_initiator;
    auto keypair = std::make_shared<Keypair>(keys, peer_.slot.get(), now_);
    Keypair& result = *keypair;
    peer_.keypairs.AddAsInitiator(std::move(keypair), now_);
    return result;
  }
  const Endpoint endpoint_{*SocketAddress::Parse("192.0.2.7:1000"), *IpAddress::Parse("192.0.2.1"),
                           0};
  const Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  SharedState shared_;
  SeededRandom random_{5};
  Peer peer_{PeerId{0, 1}, crypto::PublicFromPrivate(crypto::GeneratePrivateKey(random_)),
             &shared_};
};

TEST_F(PeerTest, CanSendNeedsASessionWithTimeAndCountersLeft) {
  EXPECT_FALSE(peer_.CanSend(now_));
  Keypair& session = AddSession(true);
  EXPECT_TRUE(peer_.CanSend(now_));
  EXPECT_FALSE(peer_.CanSend(now_ + kRejectAfterTime));
  session.SetSendCounterForTest(kRejectAfterMessages - 1);
  EXPECT_FALSE(peer_.CanSend(now_));
}

TEST_F(PeerTest, OnlyTheInitiatorRenewsOnAgeAndEitherOnCount) {
  EXPECT_FALSE(peer_.WantsRenewal(now_));
  AddSession(true);
  EXPECT_FALSE(peer_.WantsRenewal(now_ + kRekeyAfterTime - absl::Nanoseconds(1)));
  EXPECT_TRUE(peer_.WantsRenewal(now_ + kRekeyAfterTime));
  Keypair& as_responder = AddSession(false);
  EXPECT_FALSE(peer_.WantsRenewal(now_ + kRejectAfterTime));
  as_responder.SetSendCounterForTest(kRekeyAfterMessages + 1);
  EXPECT_TRUE(peer_.WantsRenewal(now_));
}

TEST_F(PeerTest, AnAesSessionAlsoNeedsBytesLeftForAllThatCanBeStaged) {
  Keypair& session = AddSession(false, crypto::AeadSuite::kAes256Gcm);
  constexpr uint64_t kStagedBytesMax = kStagedPacketsPerPeerMax * kTrainBytesMax;
  session.SetSealedBytesForTest(kAesRejectAfterBytes - kStagedBytesMax);
  EXPECT_TRUE(peer_.CanSend(now_));
  EXPECT_TRUE(peer_.WantsRenewal(now_));
  session.SetSealedBytesForTest(kAesRejectAfterBytes - kStagedBytesMax + 1);
  EXPECT_FALSE(peer_.CanSend(now_));
  session.SetSealedBytesForTest(kAesRekeyAfterBytes);
  EXPECT_FALSE(peer_.WantsRenewal(now_));
}

TEST_F(PeerTest, StaticStaticIsComputedAtFirstNeedAndAgainAfterBeingForgotten) {
  const LocalIdentity first = LocalIdentity::From(crypto::GeneratePrivateKey(random_));
  const LocalIdentity second = LocalIdentity::From(crypto::GeneratePrivateKey(random_));
  EXPECT_TRUE(peer_.remote.static_static.IsZero());
  ASSERT_TRUE(peer_.PrepareStaticStatic(first));
  const crypto::SymmetricKey with_first = peer_.remote.static_static;
  EXPECT_FALSE(with_first.IsZero());
  peer_.ForgetStaticStatic();
  EXPECT_TRUE(peer_.remote.static_static.IsZero());
  ASSERT_TRUE(peer_.PrepareStaticStatic(second));
  EXPECT_FALSE(peer_.remote.static_static == with_first);
}

TEST_F(PeerTest, ALowOrderKeyIsRefusedEachTime) {
  Peer low_order(PeerId{1, 1}, crypto::PublicKey{}, &shared_);
  const LocalIdentity local = LocalIdentity::From(crypto::GeneratePrivateKey(random_));
  EXPECT_FALSE(low_order.PrepareStaticStatic(local));
  EXPECT_FALSE(low_order.PrepareStaticStatic(local));
}

TEST_F(PeerTest, MovingTheEndpointPublishesItAndRetiresTheOldOne) {
  peer_.MoveEndpoint(endpoint_, &shared_, now_);
  ASSERT_NE(peer_.slot->endpoint.load(), nullptr);
  EXPECT_EQ(*peer_.slot->endpoint.load(), endpoint_);
  EXPECT_EQ(shared_.quiescence.retired_count(), 0U);
  peer_.MoveEndpoint(endpoint_, &shared_, now_);
  EXPECT_EQ(shared_.quiescence.retired_count(), 0U) << "the same place is no move";
  Endpoint other = endpoint_;
  other.remote.port = 2000;
  peer_.MoveEndpoint(other, &shared_, now_);
  EXPECT_EQ(peer_.slot->endpoint.load()->remote.port, 2000);
  EXPECT_EQ(shared_.quiescence.retired_count(), 1U);
  peer_.MoveEndpoint(Endpoint(), &shared_, now_);
  EXPECT_EQ(peer_.slot->endpoint.load()->remote.port, 2000) << "nowhere is no place";
}

TEST_F(PeerTest, ForgettingTheSourceAddressKeepsTheRemote) {
  peer_.ForgetSourceAddress(&shared_, now_);
  EXPECT_EQ(peer_.slot->endpoint.load(), nullptr);
  peer_.MoveEndpoint(endpoint_, &shared_, now_);
  peer_.ForgetSourceAddress(&shared_, now_);
  EXPECT_EQ(peer_.slot->endpoint.load()->remote, endpoint_.remote);
  EXPECT_FALSE(peer_.slot->endpoint.load()->local.IsSet());
}

}  // namespace
}  // namespace ringwire
