#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/config/config_parser.h"
#include "fmt/format.h"

// The keys of [Gateway], and what their values mean.
namespace ringwire::config_parser {
namespace {

constexpr size_t kNamespaceNameBytesMax = 200;  // a file's name, with room for what we append
constexpr size_t kInterfaceNameBytesMax = 15;   // IFNAMSIZ without its NUL

// nft takes a name that begins with @ for a set, in any of its spellings.
bool IsInterfaceName(std::string_view text) {
  return !text.empty() && text.size() <= kInterfaceNameBytesMax && !text.starts_with('@') &&
         std::ranges::none_of(text, [](char c) {
           return IsSpace(c) || IsControl(c) || c == '/' || c == ':' || c == '"';
         });
}

// It becomes a part of paths, and of commands that people type.
bool IsNamespaceName(std::string_view text) {
  const auto allowed = [](char c) {
    return IsLetter(c) || IsDigit(c) ||
           std::string_view("_=+.@:-").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kNamespaceNameBytesMax && !text.starts_with('.') &&
         !text.starts_with('-') && std::ranges::all_of(text, allowed);
}

void ReadForward(std::string_view value, Reading* reading) {
  const std::optional<bool> on = ReadSwitch(value, reading);
  if (!on) return;
  reading->forward = *on;
}

void ReadMasquerade(std::string_view value, Reading* reading) {
  if (EqualIgnoringCase(value, "off")) {
    reading->config().gateway.masquerade.clear();
    return;
  }
  if (!IsInterfaceName(value)) {
    reading->Fail(value, fmt::format("Masquerade must be an interface, auto or off, not {}",
                                     QuotedUnlessKey(value)));
    return;
  }
  reading->config().gateway.masquerade = EqualIgnoringCase(value, "auto") ? "auto" : value;
}

void ReadNamespace(std::string_view value, Reading* reading) {
  if (IsNamespaceName(value)) {
    reading->config().gateway.network_namespace = value;
    return;
  }
  reading->Fail(
      value, fmt::format("Namespace must be a name as `ip netns` takes it (1 to {} of a-z A-Z 0-9 "
                         "_ = + . @ : -, the first no . or -), not {}",
                         kNamespaceNameBytesMax, QuotedUnlessKey(value)));
}

void ReadRouteFrom(std::string_view value, Reading* reading) {
  std::vector<Prefix>& sources = reading->config().gateway.route_from;
  const std::vector<std::string_view> words = Words(value);
  if (words.empty()) reading->Fail(value, "RouteFrom has no value");
  for (const std::string_view text : words) {
    std::string why;
    const auto source = InterfaceAddress::Parse(text, &why);
    if (!source) {
      reading->Fail(
          text, fmt::format("RouteFrom must be addresses and networks like 10.0.0.1 or fd00::/64, "
                            "not {}{}",
                            QuotedUnlessKey(text), Because(why)));
    } else if (source->length == 0) {
      reading->Fail(
          text, fmt::format("RouteFrom {} is every source (leave RouteFrom out: then all traffic "
                            "takes the tunnel)",
                            text));
    } else if (const Prefix prefix = Prefix::Of(source->address, source->length);
               std::ranges::find(sources, prefix) == sources.end()) {
      if (sources.size() == kRouteSourcesMax) {
        reading->Fail(text, fmt::format("RouteFrom has more than {} sources", kRouteSourcesMax));
        return;
      }
      sources.push_back(prefix);
    }
  }
}

// Its words in any order; only `on` has more than one.
void ReadKillSwitch(std::string_view value, Reading* reading) {
  KillSwitch wanted;
  bool off = false;
  for (const std::string_view word : Words(value)) {
    if (EqualIgnoringCase(word, "on")) {
      wanted.on = true;
    } else if (EqualIgnoringCase(word, "off")) {
      off = true;
    } else if (EqualIgnoringCase(word, "local")) {
      wanted.local = true;
    } else if (EqualIgnoringCase(word, "dns")) {
      wanted.dns = true;
    } else {
      reading->Fail(word,
                    fmt::format("KillSwitch must be off, or on with local and dns as wanted (like "
                                "'on, dns'), not {}",
                                QuotedUnlessKey(word)));
      return;
    }
  }
  if (wanted.on == off) {
    reading->Fail(
        value, off ? "KillSwitch is either on or off"
                   : "KillSwitch says what to let through but not whether it is on; did you mean "
                     "'on, local' or 'on, dns'?");
    return;
  }
  if (off && (wanted.local || wanted.dns)) {
    reading->Fail(value, "KillSwitch = off lets everything through; local and dns go with on");
    return;
  }
  reading->config().gateway.kill_switch = wanted;
}

void ReadReturnPath(std::string_view value, Reading* reading) {
  if (const std::optional<bool> on = ReadSwitch(value, reading))
    reading->config().gateway.return_path = *on;
}

void ReadBridge(std::string_view value, Reading* reading) {
  if (EqualIgnoringCase(value, "off")) {
    reading->config().gateway.bridge.clear();
  } else if (IsInterfaceName(value)) {
    reading->config().gateway.bridge = value;
  } else {
    reading->Fail(value, fmt::format("Bridge must be the name of a bridge, or off, not {}",
                                     QuotedUnlessKey(value)));
  }
}

void ReadVxlanId(std::string_view value, Reading* reading) {
  constexpr uint64_t kGreatest = (1U << 24) - 1;  // it has 24 bits
  const std::optional<uint64_t> id = ReadNumber(value, 1, kGreatest, "", reading);
  if (id) reading->config().gateway.vxlan_id = static_cast<uint32_t>(*id);
}

constexpr KeyRow kGatewayKeys[] = {
    {.name = "Forward", .read = &ReadForward},
    {.name = "Masquerade", .read = &ReadMasquerade},
    {.name = "PortForward", .read = &ReadPortForward, .adds_up = true},
    {.name = "RouteFrom", .read = &ReadRouteFrom, .adds_up = true},
    {.name = "ReturnPath", .read = &ReadReturnPath},
    {.name = "Namespace", .read = &ReadNamespace},
    {.name = "KillSwitch", .read = &ReadKillSwitch},
    {.name = "Bridge", .read = &ReadBridge},
    {.name = "VxlanId", .read = &ReadVxlanId},
};

}  // namespace

std::span<const KeyRow> GatewayKeys() { return kGatewayKeys; }

}  // namespace ringwire::config_parser
