#include "platform/control/stamp_text.h"

#include <gtest/gtest.h>

#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "core/device/key_text.h"
#include "crypto/blake2s.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

HandshakeStamp StampOf(uint8_t seed) {
  HandshakeStamp stamp;
  stamp.local_public_key.fill(seed);
  stamp.peer_public_key.fill(static_cast<uint8_t>(seed + 1));
  stamp.greatest.bytes.fill(static_cast<uint8_t>(seed + 2));
  return stamp;
}

bool Same(const HandshakeStamp& a, const HandshakeStamp& b) {
  return a.local_public_key == b.local_public_key && a.peer_public_key == b.peer_public_key &&
         a.greatest == b.greatest;
}

void AppendHex(std::span<const uint8_t> bytes, std::string* text) {
  for (const uint8_t byte : bytes) fmt::format_to(std::back_inserter(*text), "{:02x}", byte);
}

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// As the older versions wrote it.
std::string FormatStamps(std::span<const HandshakeStamp> stamps, uint64_t generation) {
  std::string lines;
  for (const HandshakeStamp& stamp : stamps) {
    lines += KeyToBase64(stamp.local_public_key) + ' ' + KeyToBase64(stamp.peer_public_key) + ' ';
    AppendHex(stamp.greatest.bytes, &lines);
    lines += '\n';
  }
  std::string head = fmt::format("ringwire-stamps 1 {} ", generation);
  AppendHex(crypto::Blake2s(BytesOf(head), BytesOf(lines)), &head);
  return head + "\n" + lines;
}

std::string WithoutHead(const std::string& text) { return text.substr(text.find('\n') + 1); }

TEST(StampTextTest, ReadsWhatOlderVersionsWrote) {
  const std::vector<HandshakeStamp> stamps = {StampOf(1), StampOf(0xf0)};
  const StampText parsed = ParseStamps(FormatStamps(stamps, 42));
  EXPECT_FALSE(parsed.damaged);
  EXPECT_EQ(parsed.generation, 42u);
  EXPECT_EQ(parsed.malformed_lines, 0u);
  ASSERT_EQ(parsed.stamps.size(), 2u);
  EXPECT_TRUE(Same(parsed.stamps[0], stamps[0]));
  EXPECT_TRUE(Same(parsed.stamps[1], stamps[1]));
}

TEST(StampTextTest, SkipsMalformedLinesAndKeepsTheOthers) {
  const std::string good = WithoutHead(FormatStamps(std::vector<HandshakeStamp>{StampOf(7)}, 1));
  std::string short_line = good;
  short_line.erase(10, 1);
  std::string bad_hex = good;
  bad_hex[good.size() - 2] = 'g';
  std::string bad_separator = good;
  bad_separator[44] = '\t';
  std::string bad_key = good;
  bad_key[3] = '!';
  const StampText parsed =
      ParseStamps(short_line + bad_hex + "\n" + good + bad_separator + bad_key);
  EXPECT_EQ(parsed.malformed_lines, 5u);
  ASSERT_EQ(parsed.stamps.size(), 1u);
  EXPECT_TRUE(Same(parsed.stamps[0], StampOf(7)));
}

TEST(StampTextTest, TakesALastLineWithoutItsNewline) {
  std::string text = WithoutHead(FormatStamps(std::vector<HandshakeStamp>{StampOf(7)}, 1));
  text.pop_back();
  EXPECT_EQ(ParseStamps(text).stamps.size(), 1u);
}

TEST(StampTextTest, ReadsLinesWithoutAHead) {
  const std::vector<HandshakeStamp> stamps = {StampOf(1), StampOf(9)};
  const StampText parsed = ParseStamps(WithoutHead(FormatStamps(stamps, 5)));
  EXPECT_EQ(parsed.generation, 0u);
  EXPECT_EQ(parsed.stamps.size(), 2u);
  EXPECT_EQ(ParseStamps("").stamps.size(), 0u);
}

// As a crash in the middle of a write leaves it, wherever that was.
TEST(StampTextTest, BelievesNothingOfATextThatIsNotWhole) {
  const std::string text = FormatStamps(std::vector<HandshakeStamp>{StampOf(1), StampOf(2)}, 7);
  const std::string older = FormatStamps(std::vector<HandshakeStamp>{StampOf(3)}, 6);
  constexpr size_t kNameBytes = sizeof("ringwire-stamps ") - 1;
  for (size_t size = kNameBytes; size < text.size(); ++size) {
    EXPECT_TRUE(ParseStamps(text.substr(0, size)).damaged) << size;
  }
  EXPECT_TRUE(
      ParseStamps(older.substr(0, older.size() - 9) + text.substr(older.size() - 9)).damaged);
  EXPECT_TRUE(ParseStamps(text + "\n").damaged);
  for (size_t i = kNameBytes; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '1' ? '2' : '1';
    const StampText parsed = ParseStamps(changed);
    EXPECT_TRUE(parsed.damaged) << i;
    EXPECT_TRUE(parsed.stamps.empty()) << i;
  }
}

TEST(StampTextTest, BelievesNothingOfANewerFormat) {
  std::string text = FormatStamps(std::vector<HandshakeStamp>{StampOf(1)}, 7);
  text.replace(0, sizeof("ringwire-stamps 1") - 1, "ringwire-stamps 2");
  EXPECT_TRUE(ParseStamps(text).damaged);
}

}  // namespace
}  // namespace ringwire::platform
