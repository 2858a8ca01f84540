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

#include "platform/control/stamp_text.h"

namespace ringwire::platform {
namespace {

std::vector<HandshakeStamp> Stamps(uint8_t seed) {
  HandshakeStamp stamp;
  stamp.local_public_key.fill(seed);
  stamp.peer_public_key.fill(static_cast<uint8_t>(seed + 1));
  stamp.greatest.bytes.fill(static_cast<uint8_t>(seed + 2));
  return {stamp};
}

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
  // The seed of the one stamp that a new process finds; 0: none.
  int SeedFound() const {
    const StampFiles::Loaded loaded = Open().Load();
    return loaded.stamps.size() == 1 ? loaded.stamps.front().local_public_key[0] : 0;
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
  const StampFiles::Loaded loaded = Open().Load();
  EXPECT_TRUE(loaded.stamps.empty());
  EXPECT_TRUE(loaded.warnings.empty());
}

TEST_F(StampFilesTest, TheFilesAreTheOwnersAlone) {
  ASSERT_TRUE(Open().Save(Stamps(1)).ok());
  struct stat status{};
  for (const std::string& path : {first_, second_}) {
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
  ASSERT_EQ(::stat(state_directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

TEST_F(StampFilesTest, TheLatestSaveIsFoundByTheNextProcess) {
  StampFiles files = Open();
  files.Load();
  for (uint8_t seed = 1; seed < 6; ++seed) {
    ASSERT_TRUE(files.Save(Stamps(seed)).ok());
    EXPECT_EQ(SeedFound(), seed);
  }
  StampFiles next = Open();
  next.Load();
  ASSERT_TRUE(next.Save(Stamps(9)).ok());
  EXPECT_EQ(SeedFound(), 9);
}

TEST_F(StampFilesTest, AShorterSaveLeavesNothingOfALongerOne) {
  StampFiles files = Open();
  files.Load();
  std::vector<HandshakeStamp> many(50, Stamps(3).front());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(files.Save(many).ok());
  ASSERT_TRUE(files.Save(Stamps(4)).ok());
  EXPECT_EQ(SeedFound(), 4);
}

// A crash in the middle of a save costs that save, and no more.
TEST_F(StampFilesTest, ATornSaveLeavesTheOneBefore) {
  StampFiles files = Open();
  files.Load();
  ASSERT_TRUE(files.Save(Stamps(1)).ok());
  ASSERT_TRUE(files.Save(Stamps(2)).ok());
  const bool first_is_newest =
      ParseStamps(Read(first_)).generation > ParseStamps(Read(second_)).generation;
  const std::string& newest = first_is_newest ? first_ : second_;
  const std::string whole = Read(newest);
  Write(newest, whole.substr(0, whole.size() / 2));
  const StampFiles::Loaded loaded = Open().Load();
  ASSERT_EQ(loaded.stamps.size(), 1u);
  EXPECT_EQ(loaded.stamps.front().local_public_key[0], 1);
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_NE(loaded.warnings.front().find(newest), std::string::npos);
  // And what comes next goes over the torn one.
  StampFiles next = Open();
  next.Load();
  ASSERT_TRUE(next.Save(Stamps(5)).ok());
  EXPECT_EQ(SeedFound(), 5);
  EXPECT_FALSE(ParseStamps(Read(newest)).damaged);
}

TEST_F(StampFilesTest, AFileOfAnOlderVersionIsReadAndKeptUntilThereIsAnother) {
  ASSERT_EQ(::mkdir(state_directory().c_str(), 0700), 0);
  const std::string text = FormatStamps(Stamps(7), 1);
  const std::string old_text = text.substr(text.find('\n') + 1);
  Write(first_, old_text);
  StampFiles files = Open();
  EXPECT_EQ(files.Load().stamps.size(), 1u);
  ASSERT_TRUE(files.Save(Stamps(8)).ok());
  EXPECT_EQ(Read(first_), old_text);
  EXPECT_EQ(SeedFound(), 8);
}

// Nothing is opened, made or renamed once the process has given its rights up.
TEST_F(StampFilesTest, SavingNeedsNoFolder) {
  StampFiles files = Open();
  files.Load();
  const std::string moved = directory_ + "/moved";
  ASSERT_EQ(::rename(state_directory().c_str(), moved.c_str()), 0);
  EXPECT_TRUE(files.Save(Stamps(6)).ok());
  ASSERT_EQ(::rename(moved.c_str(), state_directory().c_str()), 0);
  EXPECT_EQ(SeedFound(), 6);
}

TEST_F(StampFilesTest, SaysWhenTheFileWasDeleted) {
  StampFiles files = Open();
  files.Load();
  ::unlink(first_.c_str());
  ::unlink(second_.c_str());
  const absl::Status status = files.Save(Stamps(1));
  EXPECT_NE(std::string(status.message()).find("deleted"), std::string::npos) << status;
}

TEST_F(StampFilesTest, SaysWhyItCannotSave) {
  StampFiles unwritable = StampFiles::Open("/proc/no-such-directory", "wg0");
  EXPECT_TRUE(unwritable.Load().stamps.empty());
  const absl::Status status = unwritable.Save(Stamps(1));
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("/proc/no-such-directory"), absl::string_view::npos);
}

}  // namespace
}  // namespace ringwire::platform
