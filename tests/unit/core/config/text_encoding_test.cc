#include "core/config/text_encoding.h"

#include <string>
#include <string_view>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

constexpr std::string_view kKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

// ASCII in UTF-16.
std::string Utf16(std::string_view text, bool big_endian) {
  std::string wide;
  for (const char c : text) {
    if (big_endian) wide += '\0';
    wide += c;
    if (!big_endian) wide += '\0';
  }
  return wide;
}

TEST(TextEncodingTest, Utf16IsKnownByItsMarkOrItsZeros) {
  constexpr std::string_view kText = "[Interface]\nListenPort = 51820\n";
  for (const std::string& text : {"\xFF\xFE" + Utf16(kText, false), "\xFE\xFF" + Utf16(kText, true),
                                  Utf16(kText, false), Utf16(kText, true), Utf16(kKey, false)}) {
    EXPECT_EQ(ForeignEncodingOf(text), "UTF-16");
  }
  EXPECT_EQ(ForeignEncodingOf(std::string_view("\xFF\xFE\0\0[\0\0\0", 8)), "UTF-32");
  for (const std::string_view text : {std::string_view(), kText, std::string_view("\0", 1),
                                      std::string_view("\xEF\xBB\xBF[Interface]"), kKey}) {
    EXPECT_EQ(ForeignEncodingOf(text), "");
  }
}

TEST(TextEncodingTest, AFileInUtf16IsOneError) {
  const ConfigParse parse =
      ParseConfigFile("\xFF\xFE" + Utf16("[Interface]\nListenPort = 51820\n[Peer]\n", false));
  ASSERT_EQ(parse.errors.size(), 1U);
  EXPECT_EQ(parse.errors[0].ToString(""),
            ":1:1: the file is UTF-16; save it as UTF-8 (`iconv -f UTF-16 -t UTF-8 OLD >NEW`)");
}

TEST(TextEncodingTest, FindsTheFirstCharacterThatOnlyLooksLikeAnotherOne) {
  constexpr std::string_view kText = "a\xC3\xA4\xC2\xA0\xE2\x80\x8B";
  const auto odd = FindOddCharacter(kText);
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->name, "U+00A0 (no-break space)");
  EXPECT_EQ(odd->at.data() - kText.data(), 3);
  EXPECT_EQ(odd->at.size(), 2U);
  // Not UTF-8 at all, cut off, or letters.
  for (const std::string_view text : {"", "plain", "\xFF", "\xC2", "\xE2\x80", "m\xC3\xBCnchen"}) {
    EXPECT_FALSE(FindOddCharacter(text)) << text;
  }
}

TEST(TextEncodingTest, OddCharactersInAFileAreNamedWithTheirPlace) {
  const auto error = [](std::string_view lines) {
    const ConfigParse parse = ParseConfigFile(lines);
    return parse.errors.size() == 1 ? parse.errors[0].ToString("")
                                    : fmt::format("{} errors", parse.errors.size());
  };
  EXPECT_EQ(error(fmt::format("[Interface]\nPrivateKey =\xC2\xA0{}\n", kKey)),
            ":2:13: U+00A0 (no-break space) does not belong here; type an ordinary space, or "
            "nothing");
  EXPECT_EQ(
      error("[Interface]\nAddress = \xE2\x80\x8B"
            "10.0.0.1/24\n"),
      ":2:11: U+200B (zero-width space) does not belong here; it cannot be seen: delete it, or "
      "type the line anew");
  EXPECT_EQ(error("[Interface]\nMTU\xE2\x80\x83= 1400\n").substr(0, 12), ":2:4: U+2003");
  EXPECT_EQ(error("[Interface]\nDNS = \xE2\x80\x9C"
                  "1.1.1.1\xE2\x80\x9D\n")
                .substr(0, 12),
            ":2:7: U+201C");
  EXPECT_EQ(error("[Interface]\xE2\x80\x8B\n").substr(0, 13), ":1:12: U+200B");
  EXPECT_EQ(error("[Interface]\n\xC2\xA0\n").substr(0, 12), ":2:1: U+00A0");
}

TEST(TextEncodingTest, InCommentsHooksPathsAndNamesEveryCharacterIsGood) {
  const ConfigParse parse = ParseConfigFile(
      fmt::format("[Interface]\n# \xC2\xA0 \xE2\x80\x9Cnote\xE2\x80\x9D\nPrivateKeyFile = "
                  "/etc/a\xC2\xA0"
                  "b\nPostUp = echo \xE2\x80\x93\n[Peer]\nPublicKey = {} # \xC2\xA0\nName = "
                  "Jane\xE2\x80\x99s phone\nAllowedIPs = 10.0.0.2/32\n",
                  kKey));
  for (const ConfigError& one : parse.errors) ADD_FAILURE() << one.ToString("");
  EXPECT_EQ(parse.config.peers.at(0).name, "Jane\xE2\x80\x99s phone");
}

}  // namespace
}  // namespace ringwire
