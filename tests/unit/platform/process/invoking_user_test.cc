#include "platform/process/invoking_user.h"

#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

using Environment = std::map<std::string, std::string>;

absl::StatusOr<std::vector<Invoker>> FindIn(const Environment& environment) {
  return FindInvokers([&environment](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

User UserWithId(uid_t id) {
  User user;
  user.id = id;
  return user;
}

TEST(FindInvokerTest, IsNobodyIfTheEnvironmentNamesNone) {
  const auto found = FindIn({{"HOME", "/root"}, {"SUDO_GID", "7"}, {"SUDO_USER", "eve"}});
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->empty());
}

TEST(FindInvokerTest, SudoGivesNumbers) {
  const auto found = FindIn({{"SUDO_UID", "1000"}, {"SUDO_GID", "1001"}});
  ASSERT_TRUE(found.ok() && found->size() == 1);
  EXPECT_EQ(found->front().user, 1000u);
  EXPECT_EQ(found->front().group, 1001u);
}

TEST(FindInvokerTest, TheGroupIsTheUsersByDefault) {
  const auto sudo = FindIn({{"SUDO_UID", "1000"}});
  ASSERT_TRUE(sudo.ok() && sudo->size() == 1);
  EXPECT_FALSE(sudo->front().group.has_value());
  const auto pkexec = FindIn({{"PKEXEC_UID", "1000"}, {"SUDO_GID", "0"}});
  ASSERT_TRUE(pkexec.ok() && pkexec->size() == 1);
  EXPECT_EQ(pkexec->front().user, 1000u);
  EXPECT_FALSE(pkexec->front().group.has_value()) << "that was another program's";
}

TEST(FindInvokerTest, DoasGivesAName) {
  const auto found = FindIn({{"DOAS_USER", "alice"}});
  ASSERT_TRUE(found.ok() && found->size() == 1);
  EXPECT_EQ(found->front().user_name, "alice");
  EXPECT_FALSE(found->front().user.has_value());
}

TEST(FindInvokerTest, NoProgramHidesAnother) {
  const auto found = FindIn({{"SUDO_UID", "0"}, {"PKEXEC_UID", "1000"}, {"DOAS_USER", "alice"}});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->size(), 3u);
}

TEST(AgreedUserTest, IsTheOneThatAllName) {
  EXPECT_FALSE(AgreedUser({})->has_value());
  const auto same = AgreedUser({UserWithId(1000), UserWithId(1000)});
  ASSERT_TRUE(same.ok() && same->has_value());
  EXPECT_EQ((*same)->id, 1000u);
}

TEST(AgreedUserTest, ContradictionsAreRefusedWhicheverComesFirst) {
  EXPECT_TRUE(absl::IsPermissionDenied(AgreedUser({UserWithId(0), UserWithId(1000)}).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(AgreedUser({UserWithId(1000), UserWithId(0)}).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(
      AgreedUser({UserWithId(1000), UserWithId(1000), UserWithId(1001)}).status()));
}

TEST(FindInvokerTest, AnInvalidNumberIsAnErrorAndNeverRoot) {
  for (const char* const text : {"", " ", "x", "-1", "1000x", " 1000", "0x10", "4294967295",
                                 "4294967296", "99999999999999999999"}) {
    EXPECT_FALSE(FindIn({{"SUDO_UID", text}}).ok()) << text;
    EXPECT_FALSE(FindIn({{"PKEXEC_UID", text}}).ok()) << text;
    EXPECT_FALSE(FindIn({{"SUDO_UID", "1000"}, {"SUDO_GID", text}}).ok()) << text;
  }
}

}  // namespace
}  // namespace ringwire::platform
