#ifndef RINGWIRE_CORE_CONFIG_CONFIG_LINE_H_
#define RINGWIRE_CORE_CONFIG_CONFIG_LINE_H_

#include <cstdint>
#include <string>
#include <string_view>

// One line of a configuration file, taken apart: the same for those who read a file and for those
// who change it. Pure.
namespace ringwire {

enum class ConfigSection : uint8_t {
  kNone,
  kUnknown,
  kInterface,
  kPeer,
  kGateway,
  kEnrol,
  kConnect
};

// "[Interface]" and so on; of kNone and kUnknown there is no name.
std::string_view SectionName(ConfigSection section);

// In front of a file that some editors write.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct ConfigLine {
  enum class Kind : uint8_t {
    kEmpty,    // only spaces
    kComment,  // and nothing else
    kSection,
    kSetting,  // KEY = VALUE
    kOther,    // neither: an error
  };
  Kind kind = Kind::kEmpty;
  // Views into the line. Each points there also where it is empty: errors take their column from
  // it.
  std::string_view statement;    // without its comment
  std::string_view value;        // of a setting, without the comment behind it
  std::string_view whole_value;  // likewise with it: of a shell command, in which # is no comment
  // Without spaces, which wg ignores everywhere: the key of a setting, or a section with its
  // brackets.
  std::string name;
  ConfigSection section = ConfigSection::kNone;  // that begins here

  bool SaysSomething() const { return kind > Kind::kComment; }
};

// `line`: with its end or without.
ConfigLine ReadConfigLine(std::string_view line);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_CONFIG_LINE_H_
