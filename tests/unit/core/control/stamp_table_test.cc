#include "core/control/stamp_table.h"

#include <gtest/gtest.h>

namespace ringwire {
namespace {

crypto::PublicKey Key(uint8_t n) {
  crypto::PublicKey key{};
  key[0] = n;
  return key;
}
Tai64n Stamp(int64_t seconds) { return Tai64n::From(absl::FromUnixSeconds(seconds)); }

TEST(StampTableTest, KeepsTheGreatestOfEachPairOfKeys) {
  StampTable table;
  EXPECT_EQ(table.Find(Key(1), Key(2)), std::nullopt);
  table.Raise({Key(1), Key(2), Stamp(100)});
  table.Raise({Key(1), Key(2), Stamp(90)});
  EXPECT_EQ(table.Find(Key(1), Key(2)), Stamp(100));
  table.Raise({Key(1), Key(2), Stamp(110)});
  EXPECT_EQ(table.Find(Key(1), Key(2)), Stamp(110));
  EXPECT_EQ(table.Find(Key(2), Key(1)), std::nullopt) << "the roles differ";
  EXPECT_EQ(table.Find(Key(3), Key(2)), std::nullopt) << "another key of ours";
}

TEST(StampTableTest, VersionChangesExactlyWhenAStampDoes) {
  StampTable table;
  const uint64_t empty = table.version();
  table.Raise({Key(1), Key(2), Stamp(100)});
  const uint64_t raised = table.version();
  EXPECT_NE(raised, empty);
  table.Raise({Key(1), Key(2), Stamp(100)});
  EXPECT_EQ(table.version(), raised);
  EXPECT_FALSE(table.Forget(Key(9)));
  EXPECT_EQ(table.version(), raised);
  EXPECT_TRUE(table.Forget(Key(2)));
  EXPECT_NE(table.version(), raised);
}

TEST(StampTableTest, ForgetsAPeerUnderAllOurKeysAndNobodyElse) {
  StampTable table;
  table.Raise({Key(1), Key(2), Stamp(100)});
  table.Raise({Key(5), Key(2), Stamp(100)});
  table.Raise({Key(1), Key(3), Stamp(100)});
  EXPECT_TRUE(table.Forget(Key(2)));
  EXPECT_EQ(table.Find(Key(1), Key(2)), std::nullopt);
  EXPECT_EQ(table.Find(Key(5), Key(2)), std::nullopt);
  EXPECT_EQ(table.Find(Key(1), Key(3)), Stamp(100));
  EXPECT_FALSE(table.Forget(Key(2)));
}

TEST(StampTableTest, WhenFullTheStampRaisedLongestAgoMakesRoom) {
  StampTable table(2);
  table.Raise({Key(1), Key(2), Stamp(100)});
  table.Raise({Key(1), Key(3), Stamp(50)});
  table.Raise({Key(1), Key(2), Stamp(101)});
  table.Raise({Key(1), Key(4), Stamp(10)});
  EXPECT_EQ(table.Find(Key(1), Key(3)), std::nullopt);
  ASSERT_EQ(table.All().size(), 2U);
  EXPECT_EQ(table.All()[0].peer_public_key, Key(2));
  EXPECT_EQ(table.All()[1].peer_public_key, Key(4));
}

}  // namespace
}  // namespace ringwire
