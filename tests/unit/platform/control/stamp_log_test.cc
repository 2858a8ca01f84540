#include "platform/control/stamp_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace ringwire::platform {
namespace {

HandshakeStamp StampOf(uint8_t peer, uint8_t time, uint8_t local = 1) {
  HandshakeStamp stamp;
  stamp.local_public_key.fill(local);
  stamp.peer_public_key.fill(peer);
  stamp.greatest.bytes.fill(time);
  return stamp;
}

StampChanges Raised(std::vector<HandshakeStamp> stamps) {
  return {.is_complete = false, .dropped = {}, .raised = std::move(stamps)};
}

// A file of generation 7 with these saves.
std::string FileOf(const std::vector<StampChanges>& saves) {
  StampFrames frames(7);
  std::string file = StampHead(7);
  for (const StampChanges& save : saves) {
    std::string bytes;
    frames.Append(save, file.size(), &bytes);
    file += bytes;
  }
  return file;
}

// "peer:time" of each stamp.
std::string TextOf(const StampLog& log) {
  std::string text;
  for (const HandshakeStamp& stamp : log.stamps) {
    text += std::to_string(stamp.peer_public_key[5]) + ":" +
            std::to_string(stamp.greatest.bytes[5]) + " ";
  }
  return text;
}

TEST(StampLogTest, TheLatestRecordOfAPeerCounts) {
  const std::string file =
      FileOf({Raised({StampOf(1, 10), StampOf(2, 20)}), Raised({StampOf(1, 11)})});
  const StampLog log = ParseStampLog(file);
  EXPECT_EQ(log.kind, StampLog::Kind::kCurrent);
  EXPECT_EQ(log.frames.generation(), 7u);
  EXPECT_EQ(log.valid_bytes, file.size());
  EXPECT_EQ(TextOf(log), "2:20 1:11 ");
}

TEST(StampLogTest, ADroppedStampIsGoneUntilItIsRaisedAgain) {
  StampChanges drop;
  drop.dropped = {{StampOf(1, 0).local_public_key, StampOf(1, 0).peer_public_key}};
  EXPECT_EQ(TextOf(ParseStampLog(FileOf({Raised({StampOf(1, 10), StampOf(2, 20)}), drop}))),
            "2:20 ");
  drop.raised = {StampOf(1, 3)};
  EXPECT_EQ(TextOf(ParseStampLog(FileOf({Raised({StampOf(1, 10)}), drop}))), "1:3 ");
}

LiveEndpoint LiveOf(uint8_t peer, const char* endpoint, int64_t seconds) {
  const HandshakeStamp stamp = StampOf(peer, 0);
  return {stamp.local_public_key, stamp.peer_public_key, *SocketAddress::Parse(endpoint),
          absl::FromUnixSeconds(seconds)};
}

TEST(StampLogTest, TheLatestEndpointOfAPeerCounts) {
  StampChanges first, second;
  first.alive = {LiveOf(1, "192.0.2.1:51820", 1'800'000'000),
                 LiveOf(2, "[fe80::1%3]:7", 1'800'000'001)};
  first.raised = {StampOf(1, 10)};
  second.alive = {LiveOf(1, "[2001:db8::9]:65535", 1'800'000'100)};
  const std::string file = FileOf({first, second});
  const StampLog log = ParseStampLog(file);
  EXPECT_EQ(log.valid_bytes, file.size());
  EXPECT_EQ(TextOf(log), "1:10 ");
  ASSERT_EQ(log.alive.size(), 2u);
  EXPECT_EQ(log.alive[0].endpoint.ToString(), "[fe80::1%3]:7");
  EXPECT_EQ(log.alive[0].peer_public_key, StampOf(2, 0).peer_public_key);
  EXPECT_EQ(log.alive[1].endpoint.ToString(), "[2001:db8::9]:65535");
  EXPECT_EQ(log.alive[1].heard, absl::FromUnixSeconds(1'800'000'100));
}

TEST(StampLogTest, TheEndpointOfAPeerGoesWithItsStamp) {
  StampChanges alive, drop;
  alive.alive = {LiveOf(1, "192.0.2.1:51820", 1'800'000'000)};
  drop.dropped = {{StampOf(1, 0).local_public_key, StampOf(1, 0).peer_public_key}};
  EXPECT_TRUE(ParseStampLog(FileOf({alive, drop})).alive.empty());
}

TEST(StampLogTest, TellsOurKeysApart) {
  const std::string file =
      FileOf({Raised({StampOf(1, 10, 1), StampOf(1, 20, 2)}), Raised({StampOf(1, 21, 2)})});
  const StampLog log = ParseStampLog(file);
  ASSERT_EQ(log.stamps.size(), 2u);
  EXPECT_EQ(log.stamps[0].local_public_key[0], 1);
  EXPECT_EQ(log.stamps[1].local_public_key[0], 2);
  EXPECT_EQ(TextOf(log), "1:10 1:21 ");
}

TEST(StampLogTest, AppendsToWhatItHasRead) {
  std::string file = FileOf({Raised({StampOf(1, 10)})});
  StampLog log = ParseStampLog(file);
  std::string bytes;
  log.frames.Append(Raised({StampOf(1, 11), StampOf(2, 20, 9)}), file.size(), &bytes);
  file += bytes;
  log = ParseStampLog(file);
  EXPECT_EQ(log.valid_bytes, file.size());
  EXPECT_EQ(TextOf(log), "1:11 2:20 ");
}

TEST(StampLogTest, AHandshakeCostsFewBytes) {
  StampFrames frames(7);
  std::string bytes;
  frames.Append(Raised({StampOf(1, 10)}), 100, &bytes);
  bytes.clear();
  frames.Append(Raised({StampOf(1, 11)}), 300, &bytes);
  EXPECT_EQ(bytes.size(), 4u + 32 + 1 + 4 + 32 + 12);
}

TEST(StampLogTest, ALargeSaveHasSeveralFrames) {
  std::vector<HandshakeStamp> many;
  for (int i = 0; i < 50'000; ++i) {
    many.push_back(StampOf(1, 1));
    for (size_t byte = 0; byte < 4; ++byte) {
      many.back().peer_public_key[byte] = static_cast<uint8_t>(i >> (8 * byte));
    }
  }
  const std::string file = FileOf({Raised(many)});
  const StampLog log = ParseStampLog(file);
  EXPECT_EQ(log.stamps.size(), many.size());
  EXPECT_EQ(log.valid_bytes, file.size());
  // What is torn costs the last frame.
  const StampLog torn = ParseStampLog(std::string_view(file).substr(0, file.size() - 1));
  EXPECT_GT(torn.stamps.size(), 20'000u);
  EXPECT_LT(torn.stamps.size(), many.size());
}

// As a crash in the middle of a save leaves it, wherever that was.
TEST(StampLogTest, ASaveThatDidNotEndCostsOnlyItself) {
  const std::string one = FileOf({Raised({StampOf(1, 10)})});
  const std::string two = FileOf({Raised({StampOf(1, 10)}), Raised({StampOf(1, 11)})});
  for (size_t size = one.size(); size < two.size(); ++size) {
    const StampLog log = ParseStampLog(std::string_view(two).substr(0, size));
    EXPECT_EQ(TextOf(log), "1:10 ") << size;
    EXPECT_EQ(log.valid_bytes, one.size()) << size;
  }
  for (size_t size = 0; size < kStampHeadBytes; ++size) {
    EXPECT_NE(ParseStampLog(std::string_view(two).substr(0, size)).kind, StampLog::Kind::kCurrent)
        << size;
  }
}

TEST(StampLogTest, BelievesNoByteThatHasChanged) {
  const std::string file = FileOf({Raised({StampOf(1, 10)}), Raised({StampOf(1, 11)})});
  for (size_t i = 0; i < file.size(); ++i) {
    std::string changed = file;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const StampLog log = ParseStampLog(changed);
    if (i < kStampHeadBytes) {
      EXPECT_NE(log.kind, StampLog::Kind::kCurrent) << i;
    } else {
      EXPECT_LT(log.valid_bytes, file.size()) << i;
    }
    for (const HandshakeStamp& stamp : log.stamps) EXPECT_EQ(stamp.greatest.bytes[0], 10) << i;
  }
}

// A file is used again and again: an old frame behind a new one must not count.
TEST(StampLogTest, AFrameOfAnotherUseOfTheFileDoesNotCount) {
  StampFrames older(6);
  std::string file = StampHead(7);
  std::string bytes;
  older.Append(Raised({StampOf(1, 99)}), file.size(), &bytes);
  EXPECT_TRUE(ParseStampLog(file + bytes).stamps.empty());
  // Nor does one of this use at another place.
  StampFrames frames(7);
  bytes.clear();
  frames.Append(Raised({StampOf(1, 99)}), file.size() + 1, &bytes);
  EXPECT_TRUE(ParseStampLog(file + bytes).stamps.empty());
}

TEST(StampLogTest, KnowsOtherFormats) {
  EXPECT_EQ(ParseStampLog("").kind, StampLog::Kind::kOther);
  EXPECT_EQ(ParseStampLog("ringwire-stamps 1 5 abc\n").kind, StampLog::Kind::kOther);
  EXPECT_EQ(ParseStampLog("ringwire-stamps 2 5").kind, StampLog::Kind::kOther) << "damaged";
  EXPECT_EQ(ParseStampLog("ringwire-stamps 3 5 abc\n").kind, StampLog::Kind::kNewer);
  EXPECT_EQ(ParseStampLog("ringwire-stamps 10 5 abc\n").kind, StampLog::Kind::kNewer);
}

}  // namespace
}  // namespace ringwire::platform
