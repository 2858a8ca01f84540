#include "core/config/peer_reader.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ringwire {
namespace {

std::vector<PeerStatus> Peers(const std::string& names) {
  std::vector<PeerStatus> peers;
  for (const char name : names) {
    peers.emplace_back().public_key.fill(static_cast<uint8_t>(name));
  }
  return peers;
}

// Lists the pieces one by one.
ListPeersFunction Listing(std::vector<std::string> pieces) {
  return [pieces = std::move(pieces)](size_t* cursor, std::vector<PeerStatus>* peers) {
    for (PeerStatus& peer : Peers(pieces[*cursor])) peers->push_back(std::move(peer));
    return ++*cursor < pieces.size();
  };
}

std::string ReadAll(PeerReader reader) {
  std::string names;
  while (const PeerStatus* const peer = reader.Current()) {
    names += static_cast<char>(peer->public_key[0]);
    reader.Next();
  }
  EXPECT_EQ(reader.Current(), nullptr);
  return names;
}

TEST(PeerReaderTest, ReadsTheFirstPieceAndThenWhatIsListed) {
  EXPECT_EQ(ReadAll({Peers("ab"), nullptr}), "ab");
  EXPECT_EQ(ReadAll({{}, nullptr}), "");
  EXPECT_EQ(ReadAll({Peers("ab"), Listing({"cd", "e"})}), "abcde");
  EXPECT_EQ(ReadAll({{}, Listing({"c"})}), "c");
}

// A listing examines so many slots a call, and all may be free.
TEST(PeerReaderTest, AnEmptyPieceIsNotTheEnd) {
  EXPECT_EQ(ReadAll({{}, Listing({"", "", "c", "", "d", ""})}), "cd");
  EXPECT_EQ(ReadAll({{}, Listing({"", ""})}), "");
}

TEST(PeerReaderTest, TheSamePeerIsReadUntilNext) {
  PeerReader reader(Peers("ab"), nullptr);
  EXPECT_EQ(reader.Current(), reader.Current());
  reader.Next();
  ASSERT_NE(reader.Current(), nullptr);
  EXPECT_EQ(reader.Current()->public_key[0], 'b');
}

}  // namespace
}  // namespace ringwire
