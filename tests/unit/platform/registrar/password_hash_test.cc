#include "platform/registrar/password_hash.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/enrol/users_file.h"

namespace ringwire::platform {
namespace {

// Of "correct horse" by mkpasswd(1) and htpasswd(1), and of 72 times p.
constexpr char kSha512[] =
    "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/"
    "uamSo5z0";
constexpr char kBcrypt[] = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
constexpr char kLongBcrypt[] = "$2b$05$abcdefghijklmnopqrstuueTFRGDqVFTIfwSnwEw/V4ZpLYuQbKSG";

TEST(PasswordHashTest, MatchesItsOwnHashes) {
  const auto hash = HashPassword("correct horse");
  ASSERT_TRUE(hash.ok());
  EXPECT_TRUE(hash->starts_with("$y$")) << *hash;
  EXPECT_TRUE(MatchesHash("correct horse", *hash));
  EXPECT_FALSE(MatchesHash("correct horses", *hash));
  EXPECT_FALSE(MatchesHash("", *hash));
  EXPECT_NE(*HashPassword("correct horse"), *hash) << "another salt";
  EXPECT_TRUE(enrol::ParseUsers("alice:" + *hash + "::\n").ok());
}

TEST(PasswordHashTest, MatchesHashesOfOtherPrograms) {
  EXPECT_TRUE(MatchesHash("correct horse", kSha512));
  EXPECT_FALSE(MatchesHash("correct horsf", kSha512));
  EXPECT_TRUE(MatchesHash("correct horse", kBcrypt));
  EXPECT_FALSE(MatchesHash("correct hors", kBcrypt));
}

// Otherwise a password would be as good as its first 72 bytes.
TEST(PasswordHashTest, NeverCutsAPasswordForBcrypt) {
  const std::string longest(72, 'p');
  EXPECT_TRUE(MatchesHash(longest, kLongBcrypt));
  EXPECT_FALSE(MatchesHash(longest + "q", kLongBcrypt));
}

TEST(PasswordHashTest, NothingMatchesWhatIsNoHash) {
  for (const std::string hash : {"", "*", "*0", "*1", "!", "!$6$saltsalt$x", "x", "ab"}) {
    EXPECT_FALSE(MatchesHash("x", hash)) << hash;
    EXPECT_FALSE(MatchesHash(hash, hash)) << hash;
  }
  EXPECT_FALSE(MatchesHash(std::string_view("correct horse\0", 14), kSha512));
}

TEST(PasswordHashTest, NoPasswordMatchesTheDummy) {
  EXPECT_TRUE(enrol::ParseUsers(std::string("a:") + kDummyHash + "::\n").ok());
  EXPECT_FALSE(MatchesHash("", kDummyHash));
  EXPECT_FALSE(MatchesHash("password", kDummyHash));
}

}  // namespace
}  // namespace ringwire::platform
