// The expensive steps of a handshake run on other threads, and the device may change meanwhile.

#include <array>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/nodes_by_hand.h"
#include "tests/support/packet_builder.h"

namespace ringwire {
namespace {

class DeferredWorkTest : public NodesByHandTest {
 protected:
  static constexpr uint8_t kGateway = 1, kClient = 2;

  DeferredWorkTest() {
    gateway_.Start(now_);
    client_.Start(now_);
    AddPeer(now_, gateway_, client_, kClient);
    AddPeer(now_, client_, gateway_, kGateway);
  }

  // The client initiates, and the gateway's work on that is held back.
  void Initiate() {
    client_.FromTun(now_, BuildPacket({.family = IpFamily::kV4,
                                       .source = TestAddress(IpFamily::kV4, kClient),
                                       .destination = TestAddress(IpFamily::kV4, kGateway)}));
    gateway_.set_hold_work(true);
    for (const Datagram& datagram : client_.TakeDatagrams()) {
      gateway_.FromWire(now_, {AddressOf(kClient), IpAddress(), 0}, datagram.bytes);
    }
    EXPECT_TRUE(gateway_.TakeDatagrams().empty());
  }
  void ReleaseWork() {
    gateway_.set_hold_work(false);
    gateway_.RunControl(now_);
  }
  size_t Answers() { return gateway_.TakeDatagrams().size(); }
  size_t IndicesInUse() { return gateway_.shared().index_table.reserved_count(); }

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  Node gateway_{1}, client_{2};
};

TEST_F(DeferredWorkTest, IsAnsweredWhenItIsDone) {
  Initiate();
  ReleaseWork();
  EXPECT_EQ(Answers(), 1u);
  EXPECT_EQ(gateway_.DroppedTotal(), 0u);
}

TEST_F(DeferredWorkTest, NobodyIsAnsweredWithAKeyThatTheDeviceHasNoMore) {
  Initiate();
  DeviceUpdate update;
  update.private_key = client_.private_key();
  update.private_key->bytes()[5] ^= 1;
  ASSERT_TRUE(gateway_.Apply(now_, update).ok());
  ReleaseWork();
  EXPECT_EQ(Answers(), 0u);
  EXPECT_EQ(gateway_.Dropped(DropReason::kHandshakeStale), 1u);
  EXPECT_EQ(IndicesInUse(), 0u);
}

TEST_F(DeferredWorkTest, NobodyIsAnsweredWithAPresharedKeyThatThePeerHasNoMore) {
  Initiate();
  // Now all but the answer itself is done.
  for (int i = 0; i < 2; ++i) gateway_.RunOneStep(now_);
  DeviceUpdate update;
  PeerUpdate& peer = update.peers.emplace_back();
  peer.public_key = client_.public_key();
  peer.preshared_key.emplace().bytes()[7] = 1;
  ASSERT_TRUE(gateway_.Apply(now_, update).ok());
  ReleaseWork();
  EXPECT_EQ(Answers(), 0u);
  EXPECT_EQ(gateway_.Dropped(DropReason::kHandshakeStale), 1u);
  EXPECT_EQ(IndicesInUse(), 0u);
}

TEST_F(DeferredWorkTest, ARemovedPeerIsNotAnswered) {
  Initiate();
  DeviceUpdate update;
  update.replace_peers = true;
  ASSERT_TRUE(gateway_.Apply(now_, update).ok());
  ReleaseWork();
  EXPECT_EQ(Answers(), 0u);
  EXPECT_EQ(gateway_.Dropped(DropReason::kUnknownPeer), 1u);
  EXPECT_EQ(IndicesInUse(), 0u);
}

// Both copies of a machine would answer with the same ephemeral key.
TEST_F(DeferredWorkTest, ACopiedMachineDoesNotCompleteWhatItHadBegun) {
  Initiate();
  ControlOutput output;
  gateway_.control().MachineWasCopied(now_, gateway_.WallAt(now_), &output);
  ReleaseWork();
  EXPECT_EQ(Answers(), 0u);
  EXPECT_EQ(gateway_.Dropped(DropReason::kHandshakeStale), 1u);
  EXPECT_EQ(IndicesInUse(), 0u);
}

TEST_F(DeferredWorkTest, NothingIsSentWhileTheLinkIsDown) {
  Initiate();
  gateway_.SetLinkUp(now_, false);
  ReleaseWork();
  EXPECT_EQ(Answers(), 0u);
  EXPECT_EQ(gateway_.Dropped(DropReason::kDeviceDown), 1u);
  EXPECT_EQ(IndicesInUse(), 0u);
}

TEST_F(DeferredWorkTest, AnInitiationThatComesTwiceIsAnsweredOnce) {
  client_.FromTun(now_, BuildPacket({.family = IpFamily::kV4,
                                     .source = TestAddress(IpFamily::kV4, kClient),
                                     .destination = TestAddress(IpFamily::kV4, kGateway)}));
  const std::vector<Datagram> sent = client_.TakeDatagrams();
  ASSERT_EQ(sent.size(), 1u);
  gateway_.set_hold_work(true);
  for (int i = 0; i < 2; ++i) {
    gateway_.FromWire(now_, {AddressOf(kClient), IpAddress(), 0}, sent[0].bytes);
  }
  ReleaseWork();
  EXPECT_EQ(Answers(), 1u);
  EXPECT_EQ(gateway_.Dropped(DropReason::kInitiationReplayed), 1u);
}

}  // namespace
}  // namespace ringwire
