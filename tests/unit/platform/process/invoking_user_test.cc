#include "platform/process/invoking_user.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace ringwire::platform {
namespace {

using Environment = std::map<std::string, std::string>;

absl::StatusOr<std::optional<Invoker>> FindIn(const Environment& environment) {
  return FindInvoker([&environment](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(FindInvokerTest, IsNobodyWhereNobodySaysSo) {
  const auto found = FindIn({{"HOME", "/root"}, {"SUDO_GID", "7"}, {"SUDO_USER", "eve"}});
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
}

TEST(FindInvokerTest, SudoGivesNumbers) {
  const auto found = FindIn({{"SUDO_UID", "1000"}, {"SUDO_GID", "1001"}, {"DOAS_USER", "eve"}});
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->user, 1000u);
  EXPECT_EQ((*found)->group, 1001u);
}

TEST(FindInvokerTest, TheGroupIsTheUsersWhereNobodySaysIt) {
  const auto sudo = FindIn({{"SUDO_UID", "1000"}});
  ASSERT_TRUE(sudo.ok() && sudo->has_value());
  EXPECT_FALSE((*sudo)->group.has_value());
  const auto pkexec = FindIn({{"PKEXEC_UID", "1000"}, {"SUDO_GID", "0"}});
  ASSERT_TRUE(pkexec.ok() && pkexec->has_value());
  EXPECT_EQ((*pkexec)->user, 1000u);
  EXPECT_FALSE((*pkexec)->group.has_value()) << "that was another program's";
}

TEST(FindInvokerTest, DoasGivesAName) {
  const auto found = FindIn({{"DOAS_USER", "alice"}});
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->user_name, "alice");
  EXPECT_FALSE((*found)->user.has_value());
}

TEST(FindInvokerTest, WhatIsNoNumberIsAnErrorAndNeverRoot) {
  for (const char* const text : {"", " ", "x", "-1", "1000x", " 1000", "0x10", "4294967295",
                                 "4294967296", "99999999999999999999"}) {
    EXPECT_FALSE(FindIn({{"SUDO_UID", text}}).ok()) << text;
    EXPECT_FALSE(FindIn({{"PKEXEC_UID", text}}).ok()) << text;
    EXPECT_FALSE(FindIn({{"SUDO_UID", "1000"}, {"SUDO_GID", text}}).ok()) << text;
  }
}

}  // namespace
}  // namespace ringwire::platform
