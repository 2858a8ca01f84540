#include "platform/names/resolver_messages.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

using Addresses = std::vector<SocketAddress>;

SocketAddress At(const char* text) { return {*IpAddress::Parse(text), 0, 0}; }

TEST(ResolverMessagesTest, QuestionsComeBackAsTheyWere) {
  const std::string longest(kNameBytesMax, 'n');
  for (const std::string& name : {std::string("a.example"), longest}) {
    const auto made = MakeQuestion(7, name, 3);
    ASSERT_TRUE(made.has_value());
    const auto read = MessageIn<ResolverQuestion>(BytesOf(*made));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->id, 7U);
    EXPECT_EQ(read->Name(), name);
    EXPECT_EQ(read->servers, 3);
  }
  EXPECT_EQ(MakeQuestion(7, "", 3), std::nullopt);
  EXPECT_EQ(MakeQuestion(7, longest + "n", 3), std::nullopt);
  EXPECT_EQ(MakeQuestion(7, "a", 99)->servers, kServersMax);
}

TEST(ResolverMessagesTest, AnswersComeBackAsTheyWere) {
  const Addresses addresses = {At("192.0.2.1"), At("2001:db8::1"), At("0.0.0.0")};
  const auto answer = MessageIn<ResolverAnswer>(BytesOf(MakeAnswer(9, addresses)));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->id, 9U);
  EXPECT_EQ(*AddressesOf(*answer), addresses);
  const Addresses many(kAnswerAddressesMax + 5, At("192.0.2.1"));
  EXPECT_EQ(AddressesOf(MakeAnswer(9, many))->size(), kAnswerAddressesMax);
}

TEST(ResolverMessagesTest, ErrorsComeBackInPart) {
  EXPECT_EQ(AddressesOf(MakeAnswer(1, absl::NotFoundError("no such name"))).status().message(),
            "no such name");
  EXPECT_EQ(
      AddressesOf(MakeAnswer(1, absl::NotFoundError(std::string(999, 'x')))).status().message(),
      std::string(64, 'x'));
  EXPECT_FALSE(AddressesOf(MakeAnswer(1, Addresses())).ok());
}

// Whatever a resolver that was taken over sends, the supervisor gets addresses or a line of text.
TEST(ResolverMessagesTest, AnyBytesAreAnAnswerThatDoesNoHarm) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string bytes(sizeof(ResolverAnswer), static_cast<char>(byte));
    const auto found = AddressesOf(*MessageIn<ResolverAnswer>(bytes));
    if (found.ok()) {
      EXPECT_LE(found->size(), kAnswerAddressesMax);
      continue;
    }
    for (const char c : found.status().message()) EXPECT_TRUE(c >= ' ' && c < 127);
  }
  ResolverAnswer answer;
  answer.error.fill('\x1b');
  EXPECT_EQ(AddressesOf(answer).status().message(), std::string(64, '?'));
}

TEST(ResolverMessagesTest, AMessageOfAnotherSizeIsNone) {
  const std::string bytes(BytesOf(ResolverWish{}));
  EXPECT_TRUE(MessageIn<ResolverWish>(bytes).has_value());
  EXPECT_FALSE(MessageIn<ResolverWish>(bytes.substr(1)).has_value());
  EXPECT_FALSE(MessageIn<ResolverAnswer>(bytes).has_value());
  EXPECT_FALSE(MessageIn<ResolverQuestion>("").has_value());
}

}  // namespace
}  // namespace ringwire::platform
