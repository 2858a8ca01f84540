#include "platform/control/handshake_stamps.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

HandshakeStamp StampOf(uint8_t seed) {
  HandshakeStamp stamp;
  stamp.local_public_key.fill(seed);
  stamp.peer_public_key.fill(static_cast<uint8_t>(seed + 1));
  stamp.greatest.bytes.fill(static_cast<uint8_t>(seed + 2));
  return stamp;
}

bool Same(const HandshakeStamp& a, const HandshakeStamp& b) {
  return a.local_public_key == b.local_public_key && a.peer_public_key == b.peer_public_key &&
         a.greatest == b.greatest;
}

class HandshakeStampsFileTest : public testing::Test {
 protected:
  HandshakeStampsFileTest() {
    std::string pattern = testing::TempDir() + "stamps.XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~HandshakeStampsFileTest() override {
    ::unlink(file().path().c_str());
    ::rmdir(state_directory().c_str());
    ::rmdir(directory_.c_str());
  }
  std::string state_directory() const { return directory_ + "/state"; }
  HandshakeStampsFile file() const { return HandshakeStampsFile(state_directory(), "wg0"); }

  std::string directory_;
};

TEST(HandshakeStampsTextTest, ReadsBackWhatItWrote) {
  const std::vector<HandshakeStamp> stamps = {StampOf(1), StampOf(0xf0)};
  const ParsedStamps parsed = ParseStamps(FormatStamps(stamps));
  EXPECT_EQ(parsed.malformed_lines, 0u);
  ASSERT_EQ(parsed.stamps.size(), 2u);
  EXPECT_TRUE(Same(parsed.stamps[0], stamps[0]));
  EXPECT_TRUE(Same(parsed.stamps[1], stamps[1]));
}

TEST(HandshakeStampsTextTest, SkipsMalformedLinesAndKeepsTheOthers) {
  const std::string good = FormatStamps(std::vector<HandshakeStamp>{StampOf(7)});
  std::string short_line = good;
  short_line.erase(10, 1);
  std::string bad_hex = good;
  bad_hex[good.size() - 2] = 'g';
  std::string bad_separator = good;
  bad_separator[44] = '\t';
  std::string bad_key = good;
  bad_key[3] = '!';
  const ParsedStamps parsed =
      ParseStamps(short_line + bad_hex + "\n" + good + bad_separator + bad_key);
  EXPECT_EQ(parsed.malformed_lines, 5u);
  ASSERT_EQ(parsed.stamps.size(), 1u);
  EXPECT_TRUE(Same(parsed.stamps[0], StampOf(7)));
}

TEST(HandshakeStampsTextTest, TakesALastLineWithoutItsNewline) {
  std::string text = FormatStamps(std::vector<HandshakeStamp>{StampOf(7)});
  text.pop_back();
  EXPECT_EQ(ParseStamps(text).stamps.size(), 1u);
}

TEST_F(HandshakeStampsFileTest, NoFileMeansNoStamps) {
  const absl::StatusOr<ParsedStamps> loaded = file().Load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded->stamps.empty());
  EXPECT_EQ(loaded->malformed_lines, 0u);
}

TEST_F(HandshakeStampsFileTest, SavesForTheOwnerAloneAndReplacesWhole) {
  ASSERT_TRUE(file().Save(std::vector<HandshakeStamp>{StampOf(1), StampOf(2)}).ok());
  ASSERT_TRUE(file().Save(std::vector<HandshakeStamp>{StampOf(3)}).ok());
  const absl::StatusOr<ParsedStamps> loaded = file().Load();
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->stamps.size(), 1u);
  EXPECT_TRUE(Same(loaded->stamps[0], StampOf(3)));

  struct stat status{};
  ASSERT_EQ(::stat(file().path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  ASSERT_EQ(::stat(state_directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  EXPECT_NE(::access((file().path() + ".new").c_str(), F_OK), 0);
}

TEST_F(HandshakeStampsFileTest, SaysWhyItCannotSave) {
  const HandshakeStampsFile unwritable("/proc/no-such-directory", "wg0");
  const absl::Status status = unwritable.Save(std::vector<HandshakeStamp>{StampOf(1)});
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("/proc/no-such-directory"), absl::string_view::npos);
}

}  // namespace
}  // namespace ringwire::platform
