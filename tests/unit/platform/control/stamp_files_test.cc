#include "platform/control/stamp_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "platform/control/stamp_log.h"

namespace ringwire::platform {
namespace {

HandshakeStamp StampOf(uint8_t peer, uint8_t time) {
  HandshakeStamp stamp;
  stamp.local_public_key.fill(9);
  stamp.peer_public_key.fill(peer);
  stamp.greatest.bytes.fill(time);
  return stamp;
}

// One changed stamp.
StampChanges Change(uint8_t peer, uint8_t time) {
  StampChanges changes;
  changes.raised = {StampOf(peer, time)};
  return changes;
}

// Everything that there is.
StampChanges All(uint8_t peer, uint8_t time) {
  StampChanges changes = Change(peer, time);
  changes.is_complete = true;
  return changes;
}

LiveEndpoint AliveOf(uint8_t peer, uint16_t port, absl::Time heard) {
  LiveEndpoint live;
  live.local_public_key.fill(9);
  live.peer_public_key.fill(peer);
  live.endpoint = *SocketAddress::Parse("192.0.2.1:51820");
  live.endpoint.port = port;
  live.heard = heard;
  return live;
}

// StampOf(1, 7) as an older version wrote it.
const std::string kOldText =
    "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk= AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE= "
    "070707070707070707070707\n";

class StampFilesTest : public testing::Test {
 protected:
  StampFilesTest() {
    std::string pattern = testing::TempDir() + "stamps.XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    first_ = state_directory() + "/wg0.stamps";
    second_ = first_ + ".2";
  }
  ~StampFilesTest() override {
    ::unlink(first_.c_str());
    ::unlink(second_.c_str());
    ::rmdir(state_directory().c_str());
    ::rmdir(directory_.c_str());
  }
  std::string state_directory() const { return directory_ + "/state"; }
  StampFiles Open() const { return StampFiles::Open(state_directory(), "wg0"); }
  // "peer:time" of each stamp that a new process finds.
  std::string Found() const {
    std::string text;
    for (const HandshakeStamp& stamp : Open().Load().stamps) {
      text += std::to_string(stamp.peer_public_key[0]) + ":" +
              std::to_string(stamp.greatest.bytes[0]) + " ";
    }
    return text;
  }
  // The path of the file that counts.
  const std::string& Newest() const {
    const auto generation = [](const std::string& path) {
      return ParseStampLog(Read(path)).frames.generation();
    };
    return generation(first_) > generation(second_) ? first_ : second_;
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
  }

  std::string directory_;
  std::string first_;
  std::string second_;
};

TEST_F(StampFilesTest, NothingYetMeansNoStampsAndNoWarning) {
  StampFiles files = Open();
  const StampFiles::Loaded loaded = files.Load();
  EXPECT_TRUE(loaded.stamps.empty());
  EXPECT_TRUE(loaded.warnings.empty());
  EXPECT_TRUE(files.needs_all());
}

TEST_F(StampFilesTest, TheFilesAreTheOwnersAlone) {
  ASSERT_TRUE(Open().Save(All(1, 1)).ok());
  struct stat status{};
  for (const std::string& path : {first_, second_}) {
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
  ASSERT_EQ(::stat(state_directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

TEST_F(StampFilesTest, TheNextProcessFindsEachSave) {
  StampFiles files = Open();
  files.Load();
  ASSERT_TRUE(files.Save(All(1, 10)).ok());
  EXPECT_EQ(Found(), "1:10 ");
  ASSERT_TRUE(files.Save(Change(2, 20)).ok());
  EXPECT_EQ(Found(), "1:10 2:20 ");
  ASSERT_TRUE(files.Save(Change(1, 11)).ok());
  EXPECT_EQ(Found(), "2:20 1:11 ");
  StampFiles next = Open();
  next.Load();
  EXPECT_FALSE(next.needs_all());
  ASSERT_TRUE(next.Save(Change(3, 30)).ok());
  EXPECT_EQ(Found(), "2:20 1:11 3:30 ");
}

TEST_F(StampFilesTest, ASaveCostsItsOwnSizeAndNotThatOfTheFile) {
  StampFiles files = Open();
  files.Load();
  StampChanges all = All(1, 1);
  all.raised.resize(5'000, all.raised.front());
  for (size_t i = 0; i < all.raised.size(); ++i) {
    all.raised[i].peer_public_key[1] = static_cast<uint8_t>(i);
    all.raised[i].peer_public_key[2] = static_cast<uint8_t>(i >> 8);
  }
  ASSERT_TRUE(files.Save(all).ok());
  const std::string& newest = Newest();
  const size_t whole = Read(newest).size();
  for (uint8_t time = 2; time < 12; ++time) ASSERT_TRUE(files.Save(Change(1, time)).ok());
  EXPECT_EQ(Newest(), newest);
  EXPECT_LT(Read(newest).size(), whole + 10 * 100);
}

// The file does not grow for ever, and what was in it lives on in the other one.
TEST_F(StampFilesTest, AFileThatHasGrownIsCompacted) {
  StampFiles files = Open();
  files.Load();
  ASSERT_TRUE(files.Save(All(1, 1)).ok());
  StampChanges many;
  many.raised.resize(100, StampOf(2, 2));
  const std::string begun = Newest();
  size_t greatest = 0;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(files.Save(many).ok());
    greatest = std::max({greatest, Read(first_).size(), Read(second_).size()});
  }
  EXPECT_NE(Newest(), begun);
  EXPECT_LT(greatest, 80'000u);
  EXPECT_EQ(Found(), "1:1 2:2 ");
}

TEST_F(StampFilesTest, ACompactedFileHasTheEndpointsOfTheLastMinutes) {
  StampFiles files = Open();
  files.Load();
  ASSERT_TRUE(files.Save(All(1, 1)).ok());
  const std::string begun = Newest();
  StampChanges changes;
  changes.raised.resize(100, StampOf(2, 2));
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  for (uint8_t peer = 1; peer < 4; ++peer) {
    changes.alive.push_back(AliveOf(peer, 51820, peer == 1 ? now - absl::Hours(1) : now));
  }
  while (Newest() == begun) ASSERT_TRUE(files.Save(changes).ok());
  EXPECT_EQ(Open().Load().alive.size(), 2u);
}

// After many changes, or after a save that failed.
TEST_F(StampFilesTest, ACompleteSaveKeepsTheEndpointsOfTheFile) {
  StampFiles files = Open();
  files.Load();
  StampChanges first = All(1, 1);
  first.raised.push_back(StampOf(2, 2));
  first.raised.push_back(StampOf(3, 3));
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  first.alive = {AliveOf(1, 1, now), AliveOf(2, 2, now), AliveOf(3, 3, now)};
  ASSERT_TRUE(files.Save(first).ok());
  StampChanges all = All(1, 1);
  all.raised.push_back(StampOf(2, 4));
  all.alive = {AliveOf(2, 22, now + absl::Minutes(1))};
  ASSERT_TRUE(files.Save(all).ok());
  const std::vector<LiveEndpoint> alive = Open().Load().alive;
  ASSERT_EQ(alive.size(), 2u) << "the third has no stamp any more";
  EXPECT_EQ(alive[0].endpoint, AliveOf(1, 1, now).endpoint);
  EXPECT_EQ(alive[1].endpoint, AliveOf(2, 22, now).endpoint) << "the latest";
}

TEST_F(StampFilesTest, ACompleteSaveByANewProcessKeepsThemToo) {
  StampFiles files = Open();
  files.Load();
  StampChanges first = All(1, 1);
  first.alive = {AliveOf(1, 1, absl::FromUnixSeconds(1'800'000'000))};
  ASSERT_TRUE(files.Save(first).ok());
  StampFiles next = Open();
  next.Load();
  ASSERT_TRUE(next.Save(All(1, 2)).ok());
  EXPECT_EQ(Open().Load().alive.size(), 1u);
}

// A crash in the middle of a save costs that save, and no more.
TEST_F(StampFilesTest, ATornSaveLeavesTheOnesBefore) {
  StampFiles files = Open();
  files.Load();
  ASSERT_TRUE(files.Save(All(1, 10)).ok());
  ASSERT_TRUE(files.Save(Change(2, 20)).ok());
  const std::string newest = Newest();
  const std::string whole = Read(newest);
  Write(newest, whole.substr(0, whole.size() - 5));
  StampFiles next = Open();
  const StampFiles::Loaded loaded = next.Load();
  EXPECT_EQ(loaded.stamps.size(), 1u);
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_NE(loaded.warnings.front().find(newest), std::string::npos);
  // The next save goes over the torn one, and is found.
  ASSERT_TRUE(next.Save(Change(3, 30)).ok());
  EXPECT_EQ(Found(), "1:10 3:30 ");
  EXPECT_TRUE(Open().Load().warnings.empty());
}

TEST_F(StampFilesTest, AFileThatWasNotFinishedLeavesTheOneBefore) {
  StampFiles files = Open();
  files.Load();
  ASSERT_TRUE(files.Save(All(1, 10)).ok());
  ASSERT_TRUE(files.Save(All(1, 11)).ok());
  std::string torn = Read(Newest());
  torn.replace(0, kStampHeadBytes, kStampHeadBytes, '\0');  // the head comes last
  Write(Newest(), torn);
  EXPECT_EQ(Found(), "1:10 ");
}

TEST_F(StampFilesTest, AFileOfAnOlderVersionIsReadAndKeptUntilThereIsAnother) {
  ASSERT_EQ(::mkdir(state_directory().c_str(), 0700), 0);
  Write(first_, kOldText);
  StampFiles files = Open();
  ASSERT_EQ(files.Load().stamps.size(), 1u);
  EXPECT_EQ(Found(), "1:7 ");
  EXPECT_TRUE(files.needs_all());
  EXPECT_TRUE(absl::IsFailedPrecondition(files.Save(Change(1, 8))));
  ASSERT_TRUE(files.Save(All(1, 8)).ok());
  EXPECT_EQ(Read(first_), kOldText);
  EXPECT_EQ(Found(), "1:8 ");
}

TEST_F(StampFilesTest, AFileOfANewerVersionIsNamed) {
  ASSERT_EQ(::mkdir(state_directory().c_str(), 0700), 0);
  Write(first_, "ringwire-stamps 3 something\n");
  const StampFiles::Loaded loaded = Open().Load();
  EXPECT_TRUE(loaded.stamps.empty());
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_NE(loaded.warnings.front().find("newer version"), std::string::npos);
}

// Nothing is opened, made or renamed once the process has given its rights up.
TEST_F(StampFilesTest, SavingNeedsNoFolder) {
  StampFiles files = Open();
  files.Load();
  const std::string moved = directory_ + "/moved";
  ASSERT_EQ(::rename(state_directory().c_str(), moved.c_str()), 0);
  EXPECT_TRUE(files.Save(All(6, 6)).ok());
  EXPECT_TRUE(files.Save(All(6, 7)).ok());
  ASSERT_EQ(::rename(moved.c_str(), state_directory().c_str()), 0);
  EXPECT_EQ(Found(), "6:7 ");
}

TEST_F(StampFilesTest, SaysWhenTheFileWasDeletedAndWantsAllAfterwards) {
  StampFiles files = Open();
  files.Load();
  ASSERT_TRUE(files.Save(All(1, 1)).ok());
  ::unlink(first_.c_str());
  ::unlink(second_.c_str());
  const absl::Status status = files.Save(Change(1, 2));
  EXPECT_NE(std::string(status.message()).find("deleted"), std::string::npos) << status;
  EXPECT_TRUE(files.needs_all());
}

TEST_F(StampFilesTest, SaysWhyItCannotSave) {
  StampFiles unwritable = StampFiles::Open("/proc/no-such-directory", "wg0");
  EXPECT_TRUE(unwritable.Load().stamps.empty());
  const absl::Status status = unwritable.Save(All(1, 1));
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("/proc/no-such-directory"), absl::string_view::npos);
}

}  // namespace
}  // namespace ringwire::platform
