#include "core/base/offload_switches.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace ringwire {

namespace {

struct Row {
  std::string_view name;
  std::string_view fallback;
};

// In the order of the enumeration.
constexpr std::array<Row, kOffloadCount> kRows = {{
#define RINGWIRE_OFFLOAD_ROW(offload, name, fallback) {name, fallback},
    RINGWIRE_OFFLOADS(RINGWIRE_OFFLOAD_ROW)
#undef RINGWIRE_OFFLOAD_ROW
}};

}  // namespace

std::string_view OffloadName(Offload offload) { return kRows[static_cast<size_t>(offload)].name; }

std::string_view OffloadFallback(Offload offload) {
  return kRows[static_cast<size_t>(offload)].fallback;
}

std::optional<OffloadSwitches> OffloadSwitches::Parse(std::string_view text) {
  OffloadSwitches switches;
  text = Trim(text);
  if (EqualIgnoringCase(text, "auto")) return switches;
  if (EqualIgnoringCase(text, "off")) {
    switches.off_.fill(true);
    return switches;
  }
  for (size_t begin = 0, end = 0; end != std::string_view::npos; begin = end + 1) {
    end = text.find(',', begin);
    std::string_view entry = Trim(text.substr(begin, end - begin));
    const bool off = entry.starts_with('-');
    if (!off && !entry.starts_with('+')) return std::nullopt;
    entry.remove_prefix(1);
    const auto named = std::ranges::find_if(kOffloads, [entry](Offload offload) {
      return EqualIgnoringCase(entry, OffloadName(offload));
    });
    if (named == kOffloads.end()) return std::nullopt;
    if (off) {
      switches.SwitchOff(*named);
    } else {
      switches.Trust(*named);
    }
  }
  return switches;
}

std::string OffloadSwitches::Syntax() {
  std::string names;
  for (const Offload offload : kOffloads) {
    if (!names.empty()) names += ", ";
    names += "-";
    names += OffloadName(offload);
  }
  return "auto, off, or some of " + names +
         " with commas between them (+ for -: also on a kernel "
         "whose version is known to break it)";
}

}  // namespace ringwire
