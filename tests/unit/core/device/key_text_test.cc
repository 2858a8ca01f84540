#include "core/device/key_text.h"

#include <array>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace ringwire {
namespace {

// A key of wg(8) and what wg makes of it.
constexpr std::string_view kBase64 = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
constexpr std::string_view kHex =
    "c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669";

using Key = std::array<uint8_t, 32>;

TEST(KeyTextTest, ConvertsAKeyAsWgDoes) {
  Key from_base64{};
  Key from_hex{};
  ASSERT_TRUE(ParseKeyBase64(kBase64, from_base64));
  ASSERT_TRUE(ParseKeyHex(kHex, from_hex));
  EXPECT_EQ(from_base64, from_hex);
  EXPECT_EQ(KeyToBase64(from_hex), kBase64);
  EXPECT_EQ(KeyToHex(from_base64), kHex);
}

TEST(KeyTextTest, RoundTripsEveryByteValueInEveryPlace) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    Key key{};
    for (size_t i = 0; i < key.size(); ++i) {
      key[i] = round < 256 ? static_cast<uint8_t>(round + static_cast<int>(i))
                           : static_cast<uint8_t>(random());
    }
    Key back{};
    ASSERT_TRUE(ParseKeyBase64(KeyToBase64(key), back));
    EXPECT_EQ(back, key);
    ASSERT_TRUE(ParseKeyHex(KeyToHex(key), back));
    EXPECT_EQ(back, key);
  }
}

TEST(KeyTextTest, AcceptsExactlyTheBase64AlphabetInEveryPlace) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t place = 0; place < 42; ++place) {
    for (int c = 0; c < 256; ++c) {
      std::string text(kBase64);
      text[place] = static_cast<char>(c);
      Key key{};
      EXPECT_EQ(ParseKeyBase64(text, key), kAlphabet.find(static_cast<char>(c)) < 64)
          << "character " << c << " at " << place;
    }
  }
}

TEST(KeyTextTest, RefusesBitsBeyondTheKey) {
  // The last character carries four bits of the key: every fourth of the alphabet is possible.
  int accepted = 0;
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
    std::string text(kBase64);
    text[42] = c;
    Key key{};
    accepted += ParseKeyBase64(text, key) ? 1 : 0;
  }
  EXPECT_EQ(accepted, 16);
}

TEST(KeyTextTest, RefusesBase64OfAnotherLengthOrPadding) {
  Key key{};
  EXPECT_FALSE(ParseKeyBase64("", key));
  EXPECT_FALSE(ParseKeyBase64(kBase64.substr(0, 43), key));
  EXPECT_FALSE(ParseKeyBase64(std::string(kBase64) + "=", key));
  EXPECT_FALSE(ParseKeyBase64(std::string(kBase64) + "\n", key));
  EXPECT_FALSE(ParseKeyBase64(std::string(kBase64.substr(0, 43)) + "A", key));
  EXPECT_FALSE(ParseKeyBase64(std::string(kBase64.substr(0, 42)) + "==", key));
}

TEST(KeyTextTest, AcceptsHexOfEitherCaseAndNothingElse) {
  for (int c = 0; c < 256; ++c) {
    for (const size_t place : {size_t{0}, size_t{63}}) {
      std::string text(kHex);
      text[place] = static_cast<char>(c);
      Key key{};
      EXPECT_EQ(
          ParseKeyHex(text, key),
          c != 0 && std::string_view("0123456789abcdefABCDEF").find(static_cast<char>(c)) < 22)
          << "character " << c;
    }
  }
  Key key{};
  EXPECT_FALSE(ParseKeyHex(kHex.substr(1), key));
  EXPECT_FALSE(ParseKeyHex(std::string(kHex) + "0", key));
}

TEST(KeyTextTest, LeavesNoPartOfARefusedKeyBehind) {
  Key key{};
  key.fill(7);
  EXPECT_FALSE(ParseKeyBase64(std::string(kBase64.substr(0, 42)) + "!=", key));
  EXPECT_EQ(key, Key{});
  key.fill(7);
  EXPECT_FALSE(ParseKeyHex(std::string(kHex.substr(0, 63)) + "!", key));
  EXPECT_EQ(key, Key{});
}

TEST(KeyTextTest, LabelsAPeerByTheEndsOfItsKey) {
  Key key{};
  ASSERT_TRUE(ParseKeyBase64(kBase64, key));
  EXPECT_EQ(PeerLabel(key), "peer(yAnz…fBmk)");
}

}  // namespace
}  // namespace ringwire
