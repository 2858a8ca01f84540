#include "core/control/peer_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringwire {
namespace {

crypto::PublicKey Key(uint8_t n) {
  crypto::PublicKey key{};
  key[0] = n;
  return key;
}

TEST(PeerTableTest, FindsByKeyAndById) {
  SharedState shared;
  PeerTable table;
  Peer& peer = table.Add(Key(1), &shared);
  EXPECT_EQ(table.Find(Key(1)), &peer);
  EXPECT_EQ(table.Find(peer.id()), &peer);
  EXPECT_EQ(table.Find(Key(2)), nullptr);
  EXPECT_EQ(table.Find(PeerId{}), nullptr) << "generation 0 is nobody";
  EXPECT_EQ(table.Find(PeerId{1000, 1}), nullptr);
}

TEST(PeerTableTest, AnIdThatOutlivedItsPeerFindsNobodyEvenWhenThePlaceIsTakenAgain) {
  SharedState shared;
  PeerTable table;
  const PeerId old = table.Add(Key(1), &shared).id();
  table.Remove(old);
  EXPECT_EQ(table.Find(old), nullptr);
  const PeerId fresh = table.Add(Key(1), &shared).id();
  EXPECT_EQ(fresh.index, old.index);
  EXPECT_NE(fresh.generation, old.generation);
  EXPECT_EQ(table.Find(old), nullptr);
  EXPECT_NE(table.Find(fresh), nullptr);
  EXPECT_EQ(table.size(), 1U);
}

TEST(PeerTableTest, IteratesByPlaceWhateverTheKeysHashTo) {
  SharedState shared;
  PeerTable table;
  for (const uint8_t n : std::vector<uint8_t>{9, 3, 200, 57}) table.Add(Key(n), &shared);
  std::vector<uint8_t> seen;
  table.ForEach([&](const Peer& peer) { seen.push_back(peer.public_key()[0]); });
  EXPECT_EQ(seen, (std::vector<uint8_t>{9, 3, 200, 57}));
}

TEST(PeerTableTest, ThePeerVisitedMayBeRemoved) {
  SharedState shared;
  PeerTable table;
  for (uint8_t n = 0; n < 10; ++n) table.Add(Key(n), &shared);
  table.ForEach([&](Peer& peer) {
    if (peer.public_key()[0] % 2 == 0) table.Remove(peer.id());
  });
  EXPECT_EQ(table.size(), 5U);
  table.ForEach([](const Peer& peer) { EXPECT_EQ(peer.public_key()[0] % 2, 1); });
}

}  // namespace
}  // namespace ringwire
