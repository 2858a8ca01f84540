#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/config/config_parser.h"
#include "core/config/config_value.h"
#include "core/config/number_text.h"
#include "fmt/format.h"

// PortForward = tcp/8080 -> 10.77.0.2:80, masquerade
namespace ringwire {

std::string PortRange::ToString() const {
  return first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
}

std::string_view ProtocolName(PortForward::Protocol protocol) {
  return protocol == PortForward::Protocol::kTcp ? "tcp" : "udp";
}

namespace config_parser {
namespace {

// Linux takes the port of a socket that does not ask for one from here on, unless it is told
// otherwise.
constexpr uint16_t kFirstFreePort = 32768;

constexpr std::string_view kForm = "PortForward must be like tcp/8080 -> 10.77.0.2:80";

std::string PortsText(const PortForward& forward) {
  return fmt::format("{}/{}", ProtocolName(forward.protocol), forward.ports.ToString());
}

std::optional<PortRange> ReadPorts(std::string_view text, Reading* reading) {
  PortRange range;
  const size_t dash = text.find('-');
  std::string_view part = Trim(text.substr(0, dash));
  for (uint16_t* const port : {&range.first, &range.last}) {
    const std::optional<uint64_t> number = ParseNumber(part, UINT16_MAX);
    if (!number || *number == 0) {
      reading->Fail(
          part, fmt::format("a port is a number from 1 to 65535, not {}", QuotedUnlessKey(part)));
      return std::nullopt;
    }
    *port = static_cast<uint16_t>(*number);
    if (dash != std::string_view::npos) part = Trim(text.substr(dash + 1));
  }
  if (range.first <= range.last) return range;
  reading->Fail(text, fmt::format("the range {} goes backwards; {}-{} is meant", range.ToString(),
                                  range.last, range.first));
  return std::nullopt;
}

bool ReadPublicPorts(std::string_view text, PortForward* forward, Reading* reading) {
  const size_t slash = text.find('/');
  const std::string_view protocol = Trim(text.substr(0, slash));
  if (slash == std::string_view::npos) {
    reading->Fail(text, fmt::format("{}, with a protocol and a port in front of the arrow, not {}",
                                    kForm, QuotedUnlessKey(text)));
    return false;
  }
  if (EqualIgnoringCase(protocol, "udp")) {
    forward->protocol = PortForward::Protocol::kUdp;
  } else if (!EqualIgnoringCase(protocol, "tcp")) {
    reading->Fail(protocol,
                  fmt::format("PortForward knows the protocols tcp and udp, a line for each, not "
                              "{}",
                              QuotedUnlessKey(protocol)));
    return false;
  }
  const std::optional<PortRange> ports = ReadPorts(Trim(text.substr(slash + 1)), reading);
  if (ports) forward->ports = *ports;
  return ports.has_value();
}

// An address, and perhaps ports, which else are the public ones.
bool ReadTarget(std::string_view text, PortForward* forward, Reading* reading) {
  std::string_view host = text;
  std::string_view ports;
  const bool bracketed = text.starts_with('[');
  const size_t end = bracketed ? text.find(']') : text.find(':');
  if (end != std::string_view::npos) {
    host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
    ports = text.substr(bracketed ? end + 1 : end);
  }
  const std::optional<IpAddress> address = IpAddress::Parse(Trim(host));
  const bool right_family = address && (address->family == IpFamily::kV6) == bracketed;
  if (!right_family || (!ports.empty() && !ports.starts_with(':'))) {
    reading->Fail(
        text, fmt::format("the target of a PortForward is an address and a port, like 10.77.0.2:80 "
                          "or [fd77::2]:80, not {}",
                          QuotedUnlessKey(text)));
    return false;
  }
  forward->target = *address;
  forward->target_ports = forward->ports;
  if (ports.empty()) return true;
  ports = Trim(ports.substr(1));
  const std::optional<PortRange> range = ReadPorts(ports, reading);
  if (!range) return false;
  if (range->count() != forward->ports.count()) {
    reading->Fail(ports, fmt::format("{} to {} are not as many ports on either side ({} and {})",
                                     forward->ports.ToString(), range->ToString(),
                                     forward->ports.count(), range->count()));
    return false;
  }
  forward->target_ports = *range;
  return true;
}

void AddPortForward(std::string_view at, const PortForward& forward, Reading* reading) {
  std::vector<PortForward>& forwards = reading->config().gateway.port_forwards;
  if (forwards.size() == kPortForwardsMax) {
    reading->Fail(at, fmt::format("there are more than {} lines of PortForward", kPortForwardsMax));
    return;
  }
  const auto other = std::ranges::find_if(forwards, [&forward](const PortForward& one) {
    return one.protocol == forward.protocol && one.target.family == forward.target.family &&
           one.ports.Overlaps(forward.ports);
  });
  if (other != forwards.end()) {
    const auto index = static_cast<size_t>(other - forwards.begin());
    reading->Fail(at, fmt::format("{} is forwarded already: {} in line {}", PortsText(forward),
                                  PortsText(*other), reading->port_forward_positions[index].line));
    return;
  }
  forwards.push_back(forward);
  reading->port_forward_positions.push_back(reading->PositionOf(at));
}

}  // namespace

void ReadPortForward(std::string_view value, Reading* reading) {
  PortForward forward;
  const size_t comma = value.find(',');
  if (comma != std::string_view::npos) {
    const std::string_view option = Trim(value.substr(comma + 1));
    if (!EqualIgnoringCase(option, "masquerade")) {
      reading->Fail(option,
                    fmt::format("after the comma PortForward takes masquerade, not {} (one port or "
                                "range a line; repeat the key for more)",
                                QuotedUnlessKey(option)));
      return;
    }
    forward.masquerade = true;
  }
  const std::string_view ports_to_target = Trim(value.substr(0, comma));
  constexpr std::string_view kArrow = "->";
  const size_t arrow = ports_to_target.find(kArrow);
  if (arrow == std::string_view::npos) {
    reading->Fail(value, fmt::format("{}, not {}", kForm, QuotedUnlessKey(value)));
    return;
  }
  const std::string_view ports = Trim(ports_to_target.substr(0, arrow));
  if (ReadPublicPorts(ports, &forward, reading) &&
      ReadTarget(Trim(ports_to_target.substr(arrow + kArrow.size())), &forward, reading)) {
    AddPortForward(ports, forward, reading);
  }
}

namespace {

// A peer may get the target's prefix also by `wg set`.
void ReviewTarget(const PortForward& forward, const std::vector<Prefix>& reachable,
                  FilePosition position, Reading* reading) {
  const std::vector<InterfaceAddress>& own = reading->config().addresses;
  const IpFamily family = forward.target.family;
  if (std::ranges::any_of(
          own, [&](const InterfaceAddress& one) { return one.address == forward.target; })) {
    reading->Warn(
        position,
        fmt::format("the target {} is this interface's own Address, not behind the tunnel "
                    "(a service of this host needs no PortForward)",
                    forward.target.ToString()));
  } else if (std::ranges::none_of(reachable, [&forward](const Prefix& prefix) {
               return prefix.Contains(forward.target);
             })) {
    reading->Warn(
        position,
        fmt::format("the target {} is in no peer's AllowedIPs, so nothing reaches it (add "
                    "it to those of the peer that it is behind)",
                    forward.target.ToString()));
  }
  if (forward.masquerade && std::ranges::none_of(own, [family](const InterfaceAddress& one) {
        return one.address.family == family;
      })) {
    reading->Warn(position,
                  fmt::format("masquerade needs an IPv{} address of this interface (add one to "
                              "Address)",
                              family == IpFamily::kV4 ? 4 : 6));
  }
}

}  // namespace

// Against keys that may come later.
void ReviewPortForwards(Reading* reading) {
  const ConfigFile& config = reading->config();
  const std::vector<PortForward>& forwards = config.gateway.port_forwards;
  if (forwards.empty()) return;
  const std::vector<Prefix> reachable = AllPrefixes(config);
  for (size_t i = 0; i < forwards.size(); ++i) {
    const PortForward& forward = forwards[i];
    const bool is_udp = forward.protocol == PortForward::Protocol::kUdp;
    if (is_udp && config.listen_port.value_or(0) == 0 && forward.ports.last >= kFirstFreePort) {
      reading->Warn(
          reading->port_forward_positions[i],
          fmt::format("{} may be the port that the tunnel itself gets (choose one with ListenPort)",
                      PortsText(forward)));
    }
    if (is_udp && forward.ports.Contains(config.listen_port.value_or(0))) {
      reading->Fail(reading->port_forward_positions[i],
                    fmt::format("{} is where the tunnel's own datagrams arrive (ListenPort)",
                                PortsText(forward)));
    }
    ReviewTarget(forward, reachable, reading->port_forward_positions[i], reading);
  }
}

void ReviewReturnPath(Reading* reading) {
  if (!reading->config().gateway.return_path) return;
  const std::vector<Prefix> allowed = AllPrefixes(reading->config());
  if (AreWhole(allowed, IpFamily::kV4) || AreWhole(allowed, IpFamily::kV6)) return;
  reading->Warn(
      reading->PositionOfKey("ReturnPath"),
      "ReturnPath: clients come from anywhere, and no peer's AllowedIPs admits them all (with "
      "Table = off, AllowedIPs = 0.0.0.0/0, ::/0 does so and changes no other route)");
}

}  // namespace config_parser
}  // namespace ringwire
