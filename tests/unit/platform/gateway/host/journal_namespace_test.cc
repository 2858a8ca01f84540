#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "platform/gateway/host/journal.h"

namespace ringwire::platform {
namespace {

class JournalNamespaceTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/ringwire-journal-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    path_ = Journal::PathOf(folder_, "wg0");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Fill() {
    absl::StatusOr<Journal> journal = Journal::Open(folder_, "wg0");
    ASSERT_TRUE(journal.ok());
    ASSERT_TRUE(journal->Record(action::DeleteNamespace{"vpn"}, true).ok());
    ASSERT_TRUE(journal->RecordNamespace("vpn", 4026532388).ok());
    ASSERT_TRUE(
        journal->Record(action::RunHook{"PostDown", "echo \"namespace_id\":1"}, false).ok());
  }

  std::string folder_;
  std::string path_;
};

TEST_F(JournalNamespaceTest, IsThereForTheNextOwnerAndForOthers) {
  Fill();
  const absl::StatusOr<Journal> again = Journal::Open(folder_, "wg0");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->network_namespace(), "vpn");
  EXPECT_EQ(again->network_namespace_id(), 4026532388u);
  const absl::StatusOr<Journal::Namespace> found = Journal::NamespaceOf(folder_, "wg0");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->name, "vpn");
  EXPECT_EQ(found->id, 4026532388u);
}

TEST_F(JournalNamespaceTest, TellsWhereItsOwnerWas) {
  {
    absl::StatusOr<Journal> journal = Journal::Open(folder_, "wg0");
    ASSERT_TRUE(journal.ok());
    EXPECT_EQ(journal->network(), 0u) << "not known";
    ASSERT_TRUE(journal->RecordNetwork(4026532000).ok());
    ASSERT_TRUE(journal->Record(action::RunHook{"PostDown", "true"}, false).ok());
    ASSERT_TRUE(journal->RecordReservation({.mark = 7, .kill_switch = true}, 4026532001).ok());
  }
  const absl::StatusOr<Journal> again = Journal::Open(folder_, "wg0");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->network(), 4026532000u);
  EXPECT_EQ(again->entries().size(), 1u);
  EXPECT_EQ(again->reservation(), (Reservation{.mark = 7, .kill_switch = true}));
}

TEST_F(JournalNamespaceTest, TheLastWordCounts) {
  Fill();
  absl::StatusOr<Journal> again = Journal::Open(folder_, "wg0");
  ASSERT_TRUE(again.ok() && again->RecordNamespace({}, 0).ok());
  const absl::StatusOr<Journal::Namespace> found = Journal::NamespaceOf(folder_, "wg0");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->name, "");
}

TEST_F(JournalNamespaceTest, WithoutAJournalThereIsNone) {
  EXPECT_TRUE(absl::IsNotFound(Journal::NamespaceOf(folder_, "wg0").status()));
}

TEST_F(JournalNamespaceTest, AJournalThatOthersCanWriteIsNotTrusted) {
  Fill();
  for (const mode_t mode : {0620U, 0602U, 0666U}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_TRUE(absl::IsPermissionDenied(Journal::NamespaceOf(folder_, "wg0").status())) << mode;
  }
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
  ASSERT_EQ(::chown(path_.c_str(), 65534, 65534), 0);
  EXPECT_TRUE(absl::IsPermissionDenied(Journal::NamespaceOf(folder_, "wg0").status()));
}

TEST_F(JournalNamespaceTest, NorIsALinkOrAFolder) {
  Fill();
  std::filesystem::rename(path_, folder_ + "/other");
  std::filesystem::create_symlink(folder_ + "/other", path_);
  EXPECT_FALSE(Journal::NamespaceOf(folder_, "wg0").ok());
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(Journal::NamespaceOf(folder_, "wg0").ok());
}

}  // namespace
}  // namespace ringwire::platform
