#include "core/base/offload_switches.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace ringwire {

std::string_view OffloadName(Offload offload) {
  switch (offload) {
    case Offload::kTso:
      return "tso";
    case Offload::kUso:
      return "uso";
    case Offload::kUdpGso:
      return "udp-gso";
    case Offload::kUdpGro:
      return "udp-gro";
    case Offload::kMultishotRead:
      return "multishot-read";
    case Offload::kMultishotRecvmsg:
      return "multishot-recvmsg";
    case Offload::kTunGsoWrite:
      return "tun-gso-write";
  }
  return "";
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
