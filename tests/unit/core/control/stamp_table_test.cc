#include "core/control/stamp_table.h"

#include <gtest/gtest.h>

namespace ringwire {
namespace {

const Instant kNow = Instant() + absl::Hours(100);

crypto::PublicKey Key(uint32_t n) {
  crypto::PublicKey key{};
  for (size_t i = 0; i < 4; ++i) key[i] = static_cast<uint8_t>(n >> (8 * i));
  return key;
}
Tai64n Stamp(int64_t seconds) { return Tai64n::From(absl::FromUnixSeconds(seconds)); }
bool NoneIsConfigured(const crypto::PublicKey& /*peer*/) { return false; }

TEST(StampTableTest, KeepsTheGreatestOfEachPairOfKeys) {
  StampTable table;
  EXPECT_EQ(table.Find(Key(1), Key(2)), std::nullopt);
  table.Raise(kNow, {Key(1), Key(2), Stamp(100)});
  table.Raise(kNow, {Key(1), Key(2), Stamp(90)});
  EXPECT_EQ(table.Find(Key(1), Key(2)), Stamp(100));
  table.Raise(kNow, {Key(1), Key(2), Stamp(110)});
  EXPECT_EQ(table.Find(Key(1), Key(2)), Stamp(110));
  EXPECT_EQ(table.Find(Key(2), Key(1)), std::nullopt) << "the roles differ";
  EXPECT_EQ(table.Find(Key(3), Key(2)), std::nullopt) << "another key of ours";
}

TEST(StampTableTest, ForgetsAPeerUnderAllOurKeysAndNobodyElse) {
  StampTable table;
  table.Raise(kNow, {Key(1), Key(2), Stamp(100)});
  table.Raise(kNow, {Key(5), Key(2), Stamp(100)});
  table.Raise(kNow, {Key(1), Key(3), Stamp(100)});
  EXPECT_TRUE(table.Forget(Key(2)));
  EXPECT_EQ(table.Find(Key(1), Key(2)), std::nullopt);
  EXPECT_EQ(table.Find(Key(5), Key(2)), std::nullopt);
  EXPECT_EQ(table.Find(Key(1), Key(3)), Stamp(100));
  EXPECT_FALSE(table.Forget(Key(2)));
}

TEST(StampTableTest, WhenFullTheStampUsedLongestAgoMakesRoom) {
  StampTable table(2);
  table.Raise(kNow, {Key(1), Key(2), Stamp(100)});
  table.Raise(kNow, {Key(1), Key(3), Stamp(50)});
  table.Raise(kNow, {Key(1), Key(2), Stamp(101)});
  table.Raise(kNow, {Key(1), Key(4), Stamp(10)});
  EXPECT_EQ(table.Find(Key(1), Key(3)), std::nullopt);
  const StampChanges all = table.TakeChanges(/*all=*/true);
  ASSERT_EQ(all.raised.size(), 2U);
  EXPECT_EQ(all.raised[0].peer_public_key, Key(2));
  EXPECT_EQ(all.raised[1].peer_public_key, Key(4));
}

TEST(StampTableTest, GivesOutEachChangeOnce) {
  StampTable table;
  EXPECT_FALSE(table.has_changes());
  table.Raise(kNow, {Key(1), Key(2), Stamp(100)});
  table.Raise(kNow, {Key(1), Key(2), Stamp(101)});
  table.Raise(kNow, {Key(1), Key(3), Stamp(7)});
  EXPECT_TRUE(table.has_changes());
  StampChanges changes = table.TakeChanges(false);
  EXPECT_FALSE(changes.is_complete);
  ASSERT_EQ(changes.raised.size(), 2U);
  EXPECT_EQ(changes.raised[0].greatest, Stamp(101));
  EXPECT_FALSE(table.has_changes());
  table.Raise(kNow, {Key(1), Key(2), Stamp(101)});
  EXPECT_FALSE(table.has_changes()) << "it is no greater";
  table.Touch(kNow, Key(1), Key(2));
  EXPECT_FALSE(table.has_changes());
  EXPECT_FALSE(table.Forget(Key(9)));
  EXPECT_FALSE(table.has_changes());
  table.Forget(Key(3));
  changes = table.TakeChanges(false);
  EXPECT_TRUE(changes.raised.empty());
  ASSERT_EQ(changes.dropped.size(), 1U);
  EXPECT_EQ(changes.dropped[0].local_public_key, Key(1));
  EXPECT_EQ(changes.dropped[0].peer_public_key, Key(3));
}

TEST(StampTableTest, AStampThatIsDroppedAndRaisedAgainIsBoth) {
  StampTable table;
  table.Raise(kNow, {Key(1), Key(2), Stamp(100)});
  table.Forget(Key(2));
  table.Raise(kNow, {Key(1), Key(3), Stamp(5)});  // in the place of the other
  table.Raise(kNow, {Key(1), Key(2), Stamp(3)});
  const StampChanges changes = table.TakeChanges(false);
  ASSERT_EQ(changes.dropped.size(), 1U);
  ASSERT_EQ(changes.raised.size(), 2U);
  EXPECT_EQ(changes.raised[0].peer_public_key, Key(3));
  EXPECT_EQ(changes.raised[1].greatest, Stamp(3));
}

TEST(StampTableTest, TooManyChangesAreTakenAsAWhole) {
  StampTable table(StampTable::kStampsMax, /*changes_max=*/3);
  for (uint32_t i = 0; i < 5; ++i) table.Raise(kNow, {Key(1), Key(10 + i), Stamp(100)});
  StampChanges changes = table.TakeChanges(false);
  EXPECT_TRUE(changes.is_complete);
  EXPECT_EQ(changes.raised.size(), 5U);
  EXPECT_FALSE(table.has_changes());
  for (uint32_t i = 0; i < 4; ++i) table.Forget(Key(10 + i));
  changes = table.TakeChanges(false);
  EXPECT_TRUE(changes.is_complete);
  EXPECT_EQ(changes.raised.size(), 1U);
  table.Raise(kNow, {Key(1), Key(14), Stamp(101)});
  EXPECT_FALSE(table.TakeChanges(false).is_complete);
}

TEST(StampTableTest, OnlyStampsOfRemovedPeersAge) {
  StampTable table;
  table.Raise(kNow, {Key(1), Key(2), Stamp(100)});
  table.Raise(kNow, {Key(1), Key(3), Stamp(100)});
  const auto two_is_configured = [](const crypto::PublicKey& peer) { return peer == Key(2); };
  table.Age(kNow + absl::Hours(23), two_is_configured);
  EXPECT_EQ(table.size(), 2U);
  table.Age(kNow + absl::Hours(24), two_is_configured);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.Find(Key(1), Key(2)), Stamp(100));
  // Its day begins anew with its removal.
  table.Touch(kNow + absl::Hours(40), Key(1), Key(2));
  table.Age(kNow + absl::Hours(63), NoneIsConfigured);
  EXPECT_EQ(table.size(), 1U);
  table.Age(kNow + absl::Hours(64), NoneIsConfigured);
  EXPECT_EQ(table.size(), 0U);
}

TEST(StampTableTest, ManyPeersComeAndGoInTheSameSlabs) {
  StampTable table;
  Instant now = kNow;
  for (uint32_t round = 0; round < 10; ++round) {
    for (uint32_t i = 0; i < 1000; ++i) table.Raise(now, {Key(1), Key(round * 1000 + i), Stamp(1)});
    EXPECT_EQ(table.size(), 1000U);
    now = now + absl::Hours(25);
    while (table.size() > 0) table.Age(now, NoneIsConfigured);
  }
  EXPECT_LE(table.slab_count(), 2U);
}

}  // namespace
}  // namespace ringwire
