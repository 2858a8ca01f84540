#include "core/config/text_encoding.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "fmt/format.h"

namespace ringwire {
namespace {

constexpr std::string_view kTypeSpace = "type an ordinary space, or nothing";
constexpr std::string_view kDelete = "it cannot be seen: delete it, or type the line anew";
constexpr std::string_view kNoQuotes = "values have no quotes";
constexpr std::string_view kTypeHyphen = "type an ordinary hyphen (-)";
constexpr std::string_view kTypeAscii = "type the ASCII character";

struct OddRange {
  char32_t first;
  char32_t last;
  std::string_view name;
  std::string_view instead;
};

constexpr OddRange kOddRanges[] = {
    {0x00A0, 0x00A0, "no-break space", kTypeSpace},
    {0x00AD, 0x00AD, "soft hyphen", kDelete},
    {0x2000, 0x200A, "a wide or narrow space", kTypeSpace},
    {0x200B, 0x200B, "zero-width space", kDelete},
    {0x200C, 0x200F, "zero-width joiner or direction mark", kDelete},
    {0x2010, 0x2015, "a typographic hyphen or dash", kTypeHyphen},
    {0x2018, 0x201F, "a typographic quotation mark", kNoQuotes},
    {0x2028, 0x2029, "line separator", kDelete},
    {0x202A, 0x202E, "direction mark", kDelete},
    {0x202F, 0x202F, "narrow no-break space", kTypeSpace},
    {0x205F, 0x205F, "mathematical space", kTypeSpace},
    {0x2060, 0x2064, "zero-width character", kDelete},
    {0x2066, 0x206F, "direction mark", kDelete},
    {0x2212, 0x2212, "minus sign", kTypeHyphen},
    {0x3000, 0x3000, "ideographic space", kTypeSpace},
    {0xFEFF, 0xFEFF, "zero-width no-break space, a byte order mark", kDelete},
    {0xFF01, 0xFF5E, "a full-width character", kTypeAscii},
};

// The length of the UTF-8 sequence at the front, and its code point; 0: it is none of two or three
// bytes, which all odd characters have.
size_t Decode(std::string_view text, char32_t* code_point) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto follows = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  if ((byte(0) & 0xE0) == 0xC0 && follows(1)) {
    *code_point = static_cast<char32_t>((byte(0) & 0x1F) << 6 | (byte(1) & 0x3F));
    return 2;
  }
  if ((byte(0) & 0xF0) == 0xE0 && follows(1) && follows(2)) {
    *code_point =
        static_cast<char32_t>((byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
    return 3;
  }
  return 0;
}

}  // namespace

std::string ForeignEncodingOf(std::string_view text) {
  constexpr std::string_view kUtf32Le("\xFF\xFE\0\0", 4);
  constexpr std::string_view kUtf32Be("\0\0\xFE\xFF", 4);
  if (text.starts_with(kUtf32Le) || text.starts_with(kUtf32Be)) return "UTF-32";
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return "UTF-16";
  // Without a mark: of ASCII in UTF-16 every second byte is 0.
  const std::string_view head = text.substr(0, 64);
  const auto zeros = static_cast<size_t>(std::ranges::count(head, '\0'));
  if (head.size() >= 4 && zeros >= head.size() / 2 - 1 && zeros <= head.size() / 2 + 1) {
    return "UTF-16";
  }
  return {};
}

std::optional<OddCharacter> FindOddCharacter(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    char32_t code_point = 0;
    const size_t length =
        static_cast<uint8_t>(text[i]) < 0x80 ? 0 : Decode(text.substr(i), &code_point);
    if (length == 0) {
      ++i;
      continue;
    }
    const auto* const odd = std::ranges::find_if(kOddRanges, [code_point](const OddRange& range) {
      return range.first <= code_point && code_point <= range.last;
    });
    if (odd != std::end(kOddRanges)) {
      return OddCharacter{
          text.substr(i, length),
          fmt::format("U+{:04X} ({})", static_cast<uint32_t>(code_point), odd->name), odd->instead};
    }
    i += length;
  }
  return std::nullopt;
}

std::string EncodingFaultOf(std::string_view key) {
  if (const std::string encoding = ForeignEncodingOf(key); !encoding.empty()) {
    return fmt::format("it is {}; {}", encoding, kHowToConvert);
  }
  if (const std::optional<OddCharacter> odd = FindOddCharacter(key)) {
    return fmt::format("it holds {}; {}", odd->name, odd->instead);
  }
  return {};
}

}  // namespace ringwire
