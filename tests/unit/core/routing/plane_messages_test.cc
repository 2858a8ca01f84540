#include "core/routing/plane_messages.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace ringwire {
namespace {

TEST(WorkerLinkTest, AFloodOfEventsIsOneEntryAndOneBitEach) {
  StagedPool pool;
  WorkerLink link;
  PeerSlot peer(PeerId{3, 7}, &pool);
  for (int i = 0; i < 1000; ++i) {
    link.Raise(peer, kNeedHandshake);
    link.Raise(peer, kActivity);
  }
  EXPECT_TRUE(link.control_has_news);
  EXPECT_EQ(link.events.size(), 1u);
  DataEvent event;
  ASSERT_TRUE(link.events.TryPop(&event));
  EXPECT_EQ(event.peer, (PeerId{3, 7}));
  EXPECT_EQ(peer.pending_events.exchange(0), uint32_t{kNeedHandshake | kActivity});
}

TEST(WorkerLinkTest, QueuesThePeerAgainOnceItsEventsWereTaken) {
  StagedPool pool;
  WorkerLink link;
  PeerSlot peer(PeerId{1, 1}, &pool);
  link.Raise(peer, kRekeyDue);
  peer.pending_events.exchange(0);
  link.Raise(peer, kRekeyDue);
  EXPECT_EQ(link.events.size(), 2u);
}

TEST(WorkerLinkTest, APeerQueuedOnOneLinkIsNotQueuedOnAnother) {
  StagedPool pool;
  WorkerLink first;
  WorkerLink second;
  PeerSlot peer(PeerId{1, 1}, &pool);
  first.Raise(peer, kKeyConfirmed);
  second.Raise(peer, kEndpointChanged);
  EXPECT_EQ(second.events.size(), 0u);
  EXPECT_FALSE(second.control_has_news);
  EXPECT_EQ(peer.pending_events.load(), uint32_t{kKeyConfirmed | kEndpointChanged});
}

TEST(WorkerLinkTest, AFullQueueSetsTheOverflowAndKeepsTheBit) {
  StagedPool pool;
  WorkerLink link;
  std::vector<std::unique_ptr<PeerSlot>> peers;
  for (uint32_t i = 0; i <= kEventQueueMax; ++i) {
    peers.push_back(std::make_unique<PeerSlot>(PeerId{i, 1}, &pool));
    EXPECT_FALSE(link.events_overflowed.load());
    link.Raise(*peers.back(), kActivity);
  }
  EXPECT_TRUE(link.events_overflowed.load());
  EXPECT_EQ(peers.back()->pending_events.load(), uint32_t{kActivity});
}

}  // namespace
}  // namespace ringwire
