#ifndef RINGWIRE_CORE_CONFIG_TEXT_ENCODING_H_
#define RINGWIRE_CORE_CONFIG_TEXT_ENCODING_H_

#include <optional>
#include <string>
#include <string_view>

// What editors, chat programs and web pages do to a text before it becomes a configuration or a
// key. Pure.
namespace ringwire {

// How a whole text is encoded if it is not UTF-8, as "UTF-16"; empty: nothing speaks against UTF-8.
std::string ForeignEncodingOf(std::string_view text);
inline constexpr std::string_view kHowToConvert =
    "save it as UTF-8 (`iconv -f UTF-16 -t UTF-8 OLD >NEW`)";

// Why a key is none, as "it is UTF-16; …"; empty: not for its characters. Shows nothing of the key.
std::string EncodingFaultOf(std::string_view key);

// A character that looks like another one, or like nothing at all.
struct OddCharacter {
  std::string_view at;       // in the text
  std::string name;          // as "U+00A0 (no-break space)"
  std::string_view instead;  // what to do
};
std::optional<OddCharacter> FindOddCharacter(std::string_view text);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_TEXT_ENCODING_H_
