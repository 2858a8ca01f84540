#include "platform/gateway/host/journal.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

constexpr char kHeader[] = "{\"ringwire_journal\":1}\n";

action::RunHook Hook(const std::string& command) { return {"PostDown", command}; }

class JournalTest : public FolderTest {
 protected:
  Journal MustOpen() {
    absl::StatusOr<Journal> journal = Journal::Open(folder_, "wg0");
    if (!journal.ok()) {
      ADD_FAILURE() << journal.status();
      std::abort();
    }
    return *std::move(journal);
  }
  std::string path() const { return Journal::PathOf(folder_, "wg0"); }
  std::string Text() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& text) const { std::ofstream(path(), std::ios::binary) << text; }
  static std::vector<std::string> Commands(const Journal& journal) {
    std::vector<std::string> commands;
    for (const Journal::Entry& entry : journal.entries()) {
      commands.push_back(std::get<action::RunHook>(entry.undo).command);
    }
    return commands;
  }
};

TEST_F(JournalTest, WhatIsRecordedComesBackWithItsIds) {
  {
    Journal journal = MustOpen();
    EXPECT_TRUE(journal.is_on_disk());
    EXPECT_TRUE(journal.entries().empty());
    EXPECT_EQ(journal.last_id(), 0U);
    EXPECT_EQ(*journal.Record(Hook("a"), false), 1U);
    EXPECT_EQ(*journal.Record(Hook("b"), true), 2U);
    EXPECT_TRUE(journal.RecordInterface(7).ok());
    EXPECT_EQ(*journal.Record(Hook("c\n\"quoted\""), false), 3U);
    EXPECT_TRUE(journal.Forget(1).ok());
    EXPECT_TRUE(journal.Forget(99).ok()) << "what is not there";
  }
  Journal journal = MustOpen();
  EXPECT_EQ(Commands(journal), (std::vector<std::string>{"b", "c\n\"quoted\""}));
  EXPECT_EQ(journal.entries().front().id, 2U);
  EXPECT_TRUE(journal.entries().front().stays_after_crash);
  EXPECT_FALSE(journal.entries().back().stays_after_crash);
  EXPECT_EQ(journal.interface_index(), 7U);
  EXPECT_EQ(*journal.Record(Hook("d"), false), 4U) << "an id is never used again";
}

TEST_F(JournalTest, WhatIsReservedIsKnownToOtherInterfacesOfTheNetwork) {
  constexpr uint64_t kNetwork = 7;
  const Reservation reserved{
      51820,
      RulePlace{32000, 1},
      {{PortForward::Protocol::kUdp, {5000, 5003}, *IpAddress::Parse("fd77::2"), {1, 4}, true}},
      /*kill_switch=*/true,
      /*udp_port=*/51900,
      /*is_server=*/true};
  {
    Journal journal = MustOpen();
    ASSERT_TRUE(journal.RecordReservation({1, std::nullopt}, kNetwork).ok());
    ASSERT_TRUE(journal.RecordReservation(reserved, kNetwork).ok());
  }
  EXPECT_EQ(MustOpen().reservation(), reserved);
  const std::vector<Reservation> seen = Journal::ReservationsOfOthers(folder_, "wg1", kNetwork);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].interface, "wg0");
  EXPECT_EQ(seen[0].mark, reserved.mark);
  EXPECT_EQ(seen[0].place, reserved.place);
  EXPECT_EQ(seen[0].port_forwards, reserved.port_forwards);
  EXPECT_TRUE(Journal::ReservationsOfOthers(folder_, "wg0", kNetwork).empty());
  EXPECT_TRUE(Journal::ReservationsOfOthers(folder_, "wg1", kNetwork + 1).empty());
}

TEST_F(JournalTest, ACopyHasWhatTheOwnerRecordedAndChangesNothing) {
  Journal owner = MustOpen();
  ASSERT_TRUE(owner.Record(Hook("a"), true).ok());
  ASSERT_TRUE(owner.RecordReservation({.mark = 7}, 1).ok());
  const std::string before = Text();
  absl::StatusOr<Journal> copy = Journal::Copy(folder_, "wg0");
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(Commands(*copy), std::vector<std::string>{"a"});
  EXPECT_EQ(copy->reservation().mark, 7U);
  EXPECT_TRUE(copy->Record(Hook("b"), false).ok());
  EXPECT_EQ(Text(), before);
}

TEST_F(JournalTest, ACopyOfNoJournalIsEmptyAndMakesNoFile) {
  const absl::StatusOr<Journal> copy = Journal::Copy(folder_, "wg0");
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_TRUE(copy->entries().empty());
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(JournalTest, ACopyOfAFileOfSomebodyElseIsRefused) {
  Write("something else\n");
  EXPECT_EQ(Journal::Copy(folder_, "wg0").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(JournalTest, ANewerFormatIsRefusedAndNothingChanges) {
  const std::string text = "{\"ringwire_journal\":2}\n{\"new\":1}\n{\"torn";
  Write(text);
  for (const absl::Status& status :
       {Journal::Open(folder_, "wg0").status(), Journal::Copy(folder_, "wg0").status()}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(status.message(),
              "cannot read " + path() +
                  ": a newer ringwire wrote it (format 2, this version reads up to 1); run "
                  "`ringwire down wg0` with that version");
  }
  EXPECT_EQ(Text(), text);
}

TEST_F(JournalTest, FindsTheFirstEntryOfAnUndo) {
  Journal journal = MustOpen();
  for (const char* const command : {"a", "b", "a"}) {
    ASSERT_TRUE(journal.Record(Hook(command), false).ok());
  }
  EXPECT_EQ(journal.Find(Hook("a"))->id, 1U);
  EXPECT_EQ(journal.Find(Hook("b"))->id, 2U);
  EXPECT_EQ(journal.Find(Hook("c")), nullptr);
  ASSERT_TRUE(journal.Forget(1).ok());
  EXPECT_EQ(journal.Find(Hook("a"))->id, 3U);
  ASSERT_TRUE(journal.Forget(3).ok());
  EXPECT_EQ(journal.Find(Hook("a")), nullptr);
}

TEST_F(JournalTest, IdsGrowAlsoWhenAllIsForgotten) {
  {
    Journal journal = MustOpen();
    EXPECT_EQ(*journal.Record(Hook("a"), false), 1U);
    EXPECT_TRUE(journal.Forget(1).ok());
  }
  EXPECT_EQ(*MustOpen().Record(Hook("b"), false), 2U);
}

TEST_F(JournalTest, IsThereAsLongAsSomethingIsToBeUndone) {
  Journal journal = MustOpen();
  ASSERT_TRUE(journal.Record(Hook("a"), false).ok());
  journal.RemoveIfEmpty();
  EXPECT_TRUE(std::filesystem::exists(path()));
  ASSERT_TRUE(journal.Forget(1).ok());
  journal.RemoveIfEmpty();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(JournalTest, ALineThatWasNotFinishedIsOfAChangeThatWasNotMade) {
  {
    Journal journal = MustOpen();
    ASSERT_TRUE(journal.Record(Hook("a"), false).ok());
  }
  const std::string whole = Text();
  Write(whole + R"({"id":2,"stays":false,"un)");
  {
    Journal journal = MustOpen();
    EXPECT_EQ(Commands(journal), std::vector<std::string>{"a"});
    EXPECT_EQ(Text(), whole);
    EXPECT_EQ(*journal.Record(Hook("b"), false), 2U);
  }
  EXPECT_EQ(Commands(MustOpen()), (std::vector<std::string>{"a", "b"}));
}

TEST_F(JournalTest, AFirstLineThatWasNotFinishedIsOfAnEmptyJournal) {
  Write(std::string(kHeader).substr(0, 9));
  EXPECT_TRUE(MustOpen().entries().empty());
  EXPECT_EQ(Text(), kHeader);
}

TEST_F(JournalTest, AFileOfSomebodyElseIsRefusedAndLeftAsItIs) {
  for (const std::string text :
       {"hello", "hello\n", "hello\nworld", "{\"ringwire_journal\":0}\n", "{}\n",
        "{\"ringwire_journal\":1}\nhello\n{", "{\"ringwire_journal\":1}\n{\"id\":1}\n",
        "{\"ringwire_journal\":1}\n{\"id\":1,\"stays\":false,\"undo\":{\"no\":\"such\"}}\n"}) {
    Write(text);
    const absl::StatusOr<Journal> journal = Journal::Open(folder_, "wg0");
    EXPECT_TRUE(absl::IsInvalidArgument(journal.status())) << text;
    EXPECT_EQ(Text(), text);
  }
}

// The other process of a test: it opens the journal, says so, and waits for its end.
class OtherOwner {
 public:
  explicit OtherOwner(const std::string& folder) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const absl::StatusOr<Journal> journal = Journal::Open(folder, "wg0");
      const char good = journal.ok() ? 'y' : 'n';
      if (::write(ends[1], &good, 1) == 1) ::pause();
      ::_exit(0);
    }
    char good = 'n';
    EXPECT_EQ(::read(ends[0], &good, 1), 1);
    EXPECT_EQ(good, 'y');
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~OtherOwner() { End(); }
  void End() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

TEST_F(JournalTest, BelongsToOneProcessUntilThatEndsHowever) {
  {
    Journal journal = MustOpen();
    ASSERT_TRUE(journal.Record(Hook("a"), true).ok());
  }
  EXPECT_EQ(Journal::Owner(folder_, "wg0"), std::nullopt);
  EXPECT_EQ(Journal::Owner(folder_, "wg1"), std::nullopt) << "no such journal";
  OtherOwner other(folder_);
  EXPECT_EQ(Journal::Owner(folder_, "wg0"), other.pid());
  EXPECT_TRUE(absl::IsAlreadyExists(Journal::Open(folder_, "wg0").status()));
  EXPECT_TRUE(Journal::Open(folder_, "wg1").ok()) << "another interface's";
  other.End();
  EXPECT_EQ(Journal::Owner(folder_, "wg0"), std::nullopt);
  EXPECT_EQ(Commands(MustOpen()), std::vector<std::string>{"a"});
}

// Clients of the status socket pass through it.
TEST_F(JournalTest, ItsFolderIsForEverybodyToEnterWhateverTheUmaskIs) {
  const std::string folder = folder_ + "/run";
  const mode_t before = ::umask(077);
  const absl::StatusOr<Journal> journal = Journal::Open(folder, "wg0");
  ::umask(before);
  ASSERT_TRUE(journal.ok() && journal->is_on_disk()) << journal.status();
  struct stat status{};
  ASSERT_EQ(::stat(folder.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755u);
  ASSERT_EQ(::stat(Journal::PathOf(folder, "wg0").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(JournalTest, WithoutAFolderItIsInMemory) {
  absl::StatusOr<Journal> journal = Journal::Open("/dev/null/folder", "wg0");
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_FALSE(journal->is_on_disk());
  EXPECT_EQ(*journal->Record(Hook("a"), false), 1U);
  EXPECT_EQ(*journal->Record(Hook("b"), false), 2U);
  EXPECT_TRUE(journal->Forget(1).ok());
  EXPECT_EQ(Commands(*journal), std::vector<std::string>{"b"});
  journal->RemoveIfEmpty();
}

// A folder that root cannot write either: its file system is read-only.
TEST_F(JournalTest, WhereNothingCanBeWrittenItHasWhatWasLeft) {
  {
    Journal journal = MustOpen();
    ASSERT_TRUE(journal.Record(Hook("a"), false).ok());
  }
  const std::string before = Text();
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(folder_.c_str(), folder_.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "SKIP: needs CAP_SYS_ADMIN";
  }
  ASSERT_EQ(::mount("", folder_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  {
    Journal journal = MustOpen();
    EXPECT_FALSE(journal.is_on_disk());
    EXPECT_EQ(Commands(journal), std::vector<std::string>{"a"});
    EXPECT_TRUE(journal.Forget(1).ok());
    journal.RemoveIfEmpty();
  }
  ASSERT_EQ(::umount2(folder_.c_str(), MNT_DETACH), 0);
  EXPECT_EQ(Text(), before);
}

TEST_F(JournalTest, FollowsNoLink) {
  const std::string target = folder_ + "/target";
  std::ofstream(target) << "";
  std::filesystem::create_symlink(target, path());
  EXPECT_FALSE(MustOpen().is_on_disk());
  EXPECT_EQ(std::filesystem::file_size(target), 0U);
}

// Half a line in the middle would make a stranger's file of it.
TEST_F(JournalTest, ARecordThatFindsNoRoomLeavesTheJournalAsItWas) {
  Journal journal = MustOpen();
  ASSERT_TRUE(journal.Record(Hook("a"), false).ok());
  const std::string before = Text();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit tight{before.size() + 10, limit.rlim_max};
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const absl::StatusOr<uint64_t> refused = journal.Record(Hook("b"), false);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(Text(), before);
  EXPECT_EQ(*journal.Record(Hook("c"), false), 2U);
  EXPECT_EQ(Commands(journal), (std::vector<std::string>{"a", "c"}));
}

}  // namespace
}  // namespace ringwire::platform
