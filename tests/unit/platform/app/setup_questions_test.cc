#include "platform/app/setup_questions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace ringwire::platform {
namespace {

const SetupQuestion& Of(std::string_view option) {
  return *std::ranges::find(kSetupQuestions, option, &SetupQuestion::option);
}

// What the gateway has after this answer; "refused" if it is refused, and then nothing changed.
std::string After(std::string_view option, std::string_view answer) {
  FirstGateway gateway;
  gateway.addresses = {*InterfaceAddress::Parse("10.77.0.1/24")};
  const std::string before = Of(option).present(gateway);
  const absl::Status status = Of(option).take(answer, &gateway);
  if (status.ok()) return Of(option).present(gateway);
  EXPECT_EQ(Of(option).present(gateway), before);
  return "refused";
}

TEST(SetupQuestionsTest, TakeAnswersThatAConfigurationCanHave) {
  EXPECT_EQ(After("name", "office"), "office");
  EXPECT_EQ(After("port", "65535"), "65535");
  EXPECT_EQ(After("address", "10.9.0.1/24 , fd00::1/64"), "10.9.0.1/24, fd00::1/64");
  EXPECT_EQ(After("internet", "no"), "no");
  EXPECT_EQ(After("internet", "y"), "yes");
}

TEST(SetupQuestionsTest, RefuseOthersAndChangeNothing) {
  EXPECT_EQ(After("name", "a/b"), "refused");
  EXPECT_EQ(After("name", "much-too-long-a-name"), "refused");
  for (const char* const port : {"0", "65536", "-1", "x", "51820 "}) {
    EXPECT_EQ(After("port", port), "refused") << port;
  }
  for (const char* const address : {"10.9.0.1", "10.9.0.1/32", "10.9.0.1/31", "x/24", ","}) {
    EXPECT_EQ(After("address", address), "refused") << address;
  }
  EXPECT_EQ(After("internet", "perhaps"), "refused");
}

}  // namespace
}  // namespace ringwire::platform
