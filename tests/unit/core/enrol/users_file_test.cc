#include "core/enrol/users_file.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ringwire::enrol {
namespace {

constexpr std::string_view kFile =
    "# people\n"
    "alice:$y$j9T$salt$hash::\n"
    "\n"
    "bob:$6$salt$hash::devices=2, until=2027-01-31\r\n"
    "carol:*::disabled\n"
    "dave:!$y$j9T$salt$hash::\n";

std::string ErrorOf(std::string_view text) {
  const auto users = ParseUsers(text);
  return users.ok() ? "no error" : std::string(users.status().message());
}

TEST(UsersFileTest, ReadsEveryField) {
  const auto table = ParseUsers(kFile);
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->users.size(), 4U);
  EXPECT_EQ(table->users[0].name, "alice");
  EXPECT_EQ(table->users[0].hash, "$y$j9T$salt$hash");
  EXPECT_EQ(table->users[1].devices_max, 2U);
  EXPECT_EQ(table->users[1].until, 1801440000) << "the end of that day";
  EXPECT_TRUE(table->users[2].is_disabled);
  EXPECT_FALSE(HasPassword(table->users[2].hash));
  EXPECT_FALSE(HasPassword(table->users[3].hash));
  EXPECT_TRUE(HasPassword(table->users[0].hash));
}

TEST(UsersFileTest, NamesTheLineThatIsWrongAndNoHash) {
  EXPECT_EQ(ErrorOf("a:*::\nb\n"), "line 2: a user must be NAME:HASH:OTP:OPTIONS");
  EXPECT_EQ(ErrorOf("a:*:::\n"), "line 1: a user must be NAME:HASH:OTP:OPTIONS");
  EXPECT_EQ(ErrorOf("Bob:*::\n"),
            "line 1: a name must be 1 to 64 of a-z 0-9 . _ @ -, the first a letter or digit");
  EXPECT_EQ(ErrorOf("a:*::\na:*::\n"), "line 2: the user `a` is there twice");
  EXPECT_EQ(ErrorOf("a:*:JBSWY3DP:\n"), "line 1: the field OTP must be empty");
  EXPECT_EQ(ErrorOf("a:*::devices=x\n"), "line 1: devices must be a number");
  EXPECT_EQ(ErrorOf("a:*::until=2027-02-30\n"), "line 1: until must be a day like 2027-01-31");
  EXPECT_EQ(ErrorOf("a:*::admin\n"),
            "line 1: an option must be devices=N, until=YYYY-MM-DD or disabled");
}

// crypt() itself would take some of these.
TEST(UsersFileTest, RefusesHashesOfOtherKinds) {
  for (const std::string hash :
       {"", "*0", "secret", "$1$salt$hash", "$3$x", "_J9..", "ab.cdefghijkl", "$7$x", "$y"}) {
    EXPECT_TRUE(ErrorOf("a:" + hash + "::\n").starts_with("line 1: the hash must")) << hash;
  }
}

TEST(UsersFileTest, ChangesOneLineAndLeavesTheOthers) {
  const auto added = WithUser(kFile, "eve", "$y$new");
  ASSERT_TRUE(added.ok());
  EXPECT_EQ(added->view(), std::string(kFile) + "eve:$y$new::\n");
  const auto changed = WithHash(kFile, "bob", "$y$new");
  ASSERT_TRUE(changed.ok());
  EXPECT_NE(changed->view().find("bob:$y$new::devices=2, until=2027-01-31\r\n"),
            std::string_view::npos);
  EXPECT_NE(changed->view().find("alice:$y$j9T$salt$hash::\n"), std::string_view::npos);
  const auto removed = WithoutUser(kFile, "carol");
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed->view().find("carol"), std::string_view::npos);
  EXPECT_TRUE(removed->view().starts_with("# people\n"));
  EXPECT_EQ(ParseUsers(removed->view())->users.size(), 3U);
}

TEST(UsersFileTest, SaysThatAUserIsThereOrIsNot) {
  EXPECT_TRUE(absl::IsAlreadyExists(WithUser(kFile, "bob", "*").status()));
  EXPECT_TRUE(absl::IsNotFound(WithoutUser(kFile, "bo").status()));
  EXPECT_TRUE(absl::IsNotFound(WithHash(kFile, "people", "*").status())) << "a comment";
}

TEST(UsersFileTest, EndsTheLastLineBeforeItAddsOne) {
  EXPECT_EQ(WithUser("a:*::", "b", "*")->view(), "a:*::\nb:*::\n");
  EXPECT_EQ(WithUser("", "b", "*")->view(), "b:*::\n");
}

}  // namespace
}  // namespace ringwire::enrol
