// Rules 19 and 20: clocks that are set back, and initiations that were captured.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/wire/constants.h"
#include "tests/support/control_pair.h"

namespace ringwire {
namespace {

TEST(Rule19, AClockSetBackOnTheInitiatorIsSaidOnceOnBothSides) {
  ControlPair pair;
  pair.Connect();
  EXPECT_EQ(pair.b.CountNotices(Notice::Level::kWarning), 0U);

  // The client restarts with a clock that is years behind.
  ControlNode reborn(7, "192.0.2.1:51820", "10.0.0.1");
  reborn.wall_at_boot = absl::FromUnixSeconds(1'500'000'000);
  DeviceUpdate update;
  update.private_key = pair.a.private_key;
  update.peers.push_back(pair.b.AsPeer());
  ASSERT_TRUE(reborn.Apply(pair.now, update).ok());
  reborn.SetLinkUp(pair.now, true);
  reborn.Stage(pair.now, *reborn.SlotOf(pair.b));
  for (int i = 0; i < 3; ++i) {
    for (const ControlDatagram& datagram : std::exchange(reborn.sent, {})) {
      pair.b.Receive(pair.now, reborn.AsSource(), datagram.bytes);
    }
    pair.now = reborn.control->NextDeadline();
    reborn.RunTimers(pair.now);
  }
  EXPECT_EQ(pair.b.Dropped(DropReason::kInitiationReplayed), 3U);
  ASSERT_EQ(pair.b.CountNotices(Notice::Level::kWarning), 1U);
  const auto warning =
      std::find_if(pair.b.notices.begin(), pair.b.notices.end(),
                   [](const Notice& n) { return n.level == Notice::Level::kWarning; });
  EXPECT_NE(warning->text.find("2017-07-14"), std::string::npos) << warning->text;
  EXPECT_NE(warning->text.find("2027-01-15"), std::string::npos) << warning->text;
  EXPECT_NE(warning->text.find("ringwire forget"), std::string::npos) << warning->text;

  // The way out.
  EXPECT_TRUE(pair.b.control->ForgetStamp(pair.a.public_key));
  for (const ControlDatagram& datagram : std::exchange(reborn.sent, {})) {
    pair.b.Receive(pair.now, reborn.AsSource(), datagram.bytes);
  }
  EXPECT_EQ(pair.b.sent.size(), 1U);
}

TEST(Rule19, AClockSetBackWhileRunningIsSaidOnceAndLocksNobodyOut) {
  ControlPair pair;
  pair.Connect();
  const Keypair* const first = pair.slot_in_a().current.load();
  pair.a.wall_at_boot -= absl::Hours(24);
  for (int i = 0; i < 3; ++i) {
    pair.Advance(kRejectAfterTime);
    pair.a.Stage(pair.now, pair.slot_in_a());
    pair.Deliver();
    EXPECT_TRUE(pair.slot_in_a().staged.empty());
  }
  EXPECT_NE(pair.slot_in_a().current.load(), first);
  EXPECT_EQ(pair.a.CountNotices(Notice::Level::kWarning), 1U);
  EXPECT_EQ(pair.b.DroppedTotal(), 0U);
}

TEST(Rule19, StampsGrowWhileTheClockStandsStill) {
  ControlPair pair;
  for (int i = 0; i < 70; ++i) {  // over the end of a second
    pair.a.wall_at_boot = absl::FromUnixSeconds(1'800'000'000) - (pair.now - Instant());
    pair.a.Stage(pair.now, pair.slot_in_a());
    pair.Deliver();
    pair.now = pair.now + kRejectAfterTime;
  }
  EXPECT_EQ(pair.CountFrom(false, 2), 70U) << "each was newer than the one before";
  EXPECT_EQ(pair.a.CountNotices(Notice::Level::kWarning), 0U) << "a second or so is nothing";
}

TEST(Rule20, ACapturedInitiationIsRefusedAfterARestart) {
  ControlPair pair;
  EXPECT_FALSE(pair.b.control->HasStampChanges());
  const ControlDatagram captured = pair.TakeInitiation();
  pair.b.Receive(pair.now, pair.a.AsSource(), captured.bytes);
  EXPECT_TRUE(pair.b.control->HasStampChanges());
  const std::vector<HandshakeStamp> saved = pair.b.control->TakeStampChanges(true).raised;
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved[0].local_public_key, pair.b.public_key);
  EXPECT_EQ(saved[0].peer_public_key, pair.a.public_key);

  for (const bool restored : {true, false}) {
    ControlNode restarted(77, "192.0.2.2:51820", "10.0.0.2");
    if (restored) restarted.control->RestoreStamps(pair.now, saved);
    DeviceUpdate update;
    update.private_key = pair.b.private_key;
    update.peers.push_back(pair.a.AsPeer());
    ASSERT_TRUE(restarted.Apply(pair.now, update).ok());
    restarted.SetLinkUp(pair.now, true);
    restarted.Receive(pair.now, pair.a.AsSource(), captured.bytes);
    EXPECT_EQ(restarted.sent.empty(), restored);
    EXPECT_EQ(restarted.Dropped(DropReason::kInitiationReplayed), restored ? 1U : 0U);
  }
}

TEST(Rule20, RemovingAPeerAndAddingItAgainForgetsNothing) {
  ControlPair pair;
  const ControlDatagram captured = pair.TakeInitiation();
  pair.b.Receive(pair.now, pair.a.AsSource(), captured.bytes);
  pair.b.sent.clear();
  DeviceUpdate again;
  again.replace_peers = true;
  again.peers.push_back(pair.a.AsPeer());
  ASSERT_TRUE(pair.b.Apply(pair.now, again).ok());
  pair.b.Receive(pair.now + absl::Seconds(1), pair.a.AsSource(), captured.bytes);
  EXPECT_TRUE(pair.b.sent.empty());
  EXPECT_EQ(pair.b.Dropped(DropReason::kInitiationReplayed), 1U);
}

// The stamp of a peer that stays configured is kept however long it is silent; the one of a removed
// peer for a day.
TEST(Rule20, AStampIsDroppedADayAfterItsPeerWasRemoved) {
  ControlPair pair;
  pair.Connect();
  pair.now = pair.now + absl::Hours(24 * 30);
  pair.b.RunTimers(pair.now);
  EXPECT_EQ(pair.b.control->TakeStampChanges(true).raised.size(), 1U);
  DeviceUpdate none;
  none.replace_peers = true;
  ASSERT_TRUE(pair.b.Apply(pair.now, none).ok());
  pair.now = pair.now + absl::Hours(23);
  ASSERT_TRUE(pair.b.Apply(pair.now, {}).ok());
  EXPECT_EQ(pair.b.control->TakeStampChanges(true).raised.size(), 1U);
  pair.now = pair.now + absl::Hours(1);
  ASSERT_TRUE(pair.b.Apply(pair.now, {}).ok());
  const StampChanges changes = pair.b.control->TakeStampChanges(false);
  ASSERT_EQ(changes.dropped.size(), 1U);
  EXPECT_EQ(changes.dropped[0].peer_public_key, pair.a.public_key);
  EXPECT_TRUE(pair.b.control->TakeStampChanges(true).raised.empty());
}

}  // namespace
}  // namespace ringwire
