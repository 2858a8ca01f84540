#include "platform/http/json_body.h"

#include <gtest/gtest.h>

#include <string>

#include "platform/base/json_fields.h"

namespace ringwire::platform {
namespace {

TEST(JsonBodyTest, ReadsAnObject) {
  const auto json =
      ParseJsonBody(R"({"user":"alice","wait":240,"rekey":true,"a":[{"a":1},{"a":2}]})");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(TextIn(*json, "user"), "alice");
  EXPECT_EQ(NumberIn<uint16_t>(*json, "wait"), 240);
  EXPECT_EQ(FlagIn(*json, "rekey"), true);
}

TEST(JsonBodyTest, RefusesWhatIsNoObject) {
  for (const char* const text :
       {"", " ", "[]", "1", "null", "\"a\"", "{", "{}x", "{} {}", "{\"a\":1,}", "{'a':1}",
        "{\"a\":NaN}", "{\"a\":01}", "{\"a\":\"\t\"}", "// comment\n{}"}) {
    EXPECT_FALSE(ParseJsonBody(text).has_value()) << text;
  }
}

TEST(JsonBodyTest, RefusesANameTwiceInOneObject) {
  EXPECT_FALSE(ParseJsonBody(R"({"a":1,"a":1})").has_value());
  EXPECT_FALSE(ParseJsonBody(R"({"a":1,"\u0061":1})").has_value());
  EXPECT_FALSE(ParseJsonBody(R"({"x":[{"a":1,"a":2}]})").has_value());
  EXPECT_TRUE(ParseJsonBody(R"({"a":{"a":1},"b":{"a":1}})").has_value());
}

TEST(JsonBodyTest, RefusesDeepNesting) {
  const auto nested = [](size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(ParseJsonBody(nested(kJsonDepthMax)).has_value());
  EXPECT_FALSE(ParseJsonBody(nested(kJsonDepthMax + 1)).has_value());
  EXPECT_FALSE(ParseJsonBody(std::string(100'000, '[')).has_value());
}

TEST(JsonBodyTest, RefusesNumbersAndTextThatCannotBeHeld) {
  EXPECT_FALSE(ParseJsonBody(R"({"a":1e999})").has_value());
  EXPECT_FALSE(ParseJsonBody("{\"a\":\"\xff\"}").has_value());
  EXPECT_FALSE(ParseJsonBody("{\"a\":\"\xed\xa0\x80\"}").has_value()) << "half of a surrogate pair";
  EXPECT_FALSE(ParseJsonBody(R"({"a":"\ud800"})").has_value());
}

}  // namespace
}  // namespace ringwire::platform
