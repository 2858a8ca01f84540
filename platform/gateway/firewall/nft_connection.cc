#include "platform/gateway/firewall/nft_connection.h"

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {
namespace {

using nlohmann::json;

json Match(const char* op, json left, json right) {
  return {{"match", {{"op", op}, {"left", std::move(left)}, {"right", std::move(right)}}}};
}
json Meta(const char* key) { return {{"meta", {{"key", key}}}}; }
json Connection(const char* key) { return {{"ct", {{"key", key}}}}; }
json Field(std::string_view protocol, const char* field) {
  return {{"payload", {{"protocol", std::string(protocol)}, {"field", field}}}};
}
json Set(json left, uint32_t value) {
  return {{"mangle", {{"key", std::move(left)}, {"value", value}}}};
}

const char* FamilyName(IpFamily family) { return family == IpFamily::kV4 ? "ip" : "ip6"; }

// A datagram's conversation, seen by the side that gets it: an element of an NftSet.
NftExpression Sender(IpFamily family) {
  const char* const name = FamilyName(family);
  const json remote =
      json::array({Field(name, "saddr"), Field("udp", "sport"), Field("udp", "dport")});
  return {fmt::format("{} saddr . udp sport . udp dport", name), json{{"concat", remote}}.dump()};
}

NftExpression ChangeSet(const char* op, const NftSet& set) {
  const NftExpression sender = Sender(set.family);
  const json change = {
      {"set", {{"op", op}, {"elem", json::parse(sender.json)}, {"set", "@" + set.name}}}};
  return {fmt::format("{} @{} {{ {} }}", op, set.name, sender.text), change.dump()};
}

json PrefixJson(const Prefix& prefix) {
  return {{"prefix", {{"addr", prefix.address.ToString()}, {"len", prefix.length}}}};
}

json PortsJson(const PortRange& ports) {
  if (ports.first == ports.last) return ports.first;
  return {{"range", json::array({ports.first, ports.last})}};
}

}  // namespace

NftExpression OfFamily(IpFamily family) {
  const char* const name = family == IpFamily::kV4 ? "ipv4" : "ipv6";
  return {fmt::format("meta nfproto {}", name), Match("==", Meta("nfproto"), name).dump()};
}

NftExpression OfProtocol(PortForward::Protocol protocol) {
  const std::string name(ProtocolName(protocol));
  return {"meta l4proto " + name, Match("==", Meta("l4proto"), name).dump()};
}

NftExpression SourceIsIn(const Prefix& prefix) {
  const char* const family = FamilyName(prefix.address.family);
  return {fmt::format("{} saddr {}", family, prefix.ToString()),
          Match("==", Field(family, "saddr"), PrefixJson(prefix)).dump()};
}

NftExpression DestinationIsNotIn(const Prefix& prefix) {
  const char* const family = FamilyName(prefix.address.family);
  return {fmt::format("{} daddr != {}", family, prefix.ToString()),
          Match("!=", Field(family, "daddr"), PrefixJson(prefix)).dump()};
}

NftExpression DestinationIsLocal() {
  const json fib = {{"fib", {{"result", "type"}, {"flags", json::array({"daddr"})}}}};
  return {"fib daddr type local", Match("==", fib, "local").dump()};
}

NftExpression DestinationPortIn(PortForward::Protocol protocol, const PortRange& ports) {
  const std::string_view name = ProtocolName(protocol);
  return {fmt::format("{} dport {}", name, ports.ToString()),
          Match("==", Field(name, "dport"), PortsJson(ports)).dump()};
}

NftExpression BeginsConnection() {
  return {"ct state new", Match("in", Connection("state"), "new").dump()};
}

NftExpression IsAnswer() {
  return {"ct direction reply", Match("==", Connection("direction"), "reply").dump()};
}

NftExpression IsRequest() {
  return {"ct direction original", Match("==", Connection("direction"), "original").dump()};
}

NftExpression WasForwarded() {
  return {"ct status dnat", Match("in", Connection("status"), "dnat").dump()};
}

NftExpression OriginalPortIn(const PortRange& ports) {
  const json port = {{"ct", {{"key", "proto-dst"}, {"dir", "original"}}}};
  return {"ct original proto-dst " + ports.ToString(), Match("==", port, PortsJson(ports)).dump()};
}

NftExpression ConnectionMarkIs(uint32_t mark) {
  return {fmt::format("ct mark {:#x}", mark), Match("==", Connection("mark"), mark).dump()};
}

NftExpression MarkConnection(uint32_t mark) {
  return {fmt::format("ct mark set {:#x}", mark), Set(Connection("mark"), mark).dump()};
}

NftExpression SetMark(uint32_t mark) {
  return {fmt::format("meta mark set {:#x}", mark), Set(Meta("mark"), mark).dump()};
}

NftExpression Remember(const NftSet& set) { return ChangeSet("update", set); }

NftExpression Forget(const NftSet& set) { return ChangeSet("delete", set); }

NftExpression IsFromRemembered(const NftSet& set) {
  const NftExpression sender = Sender(set.family);
  return {fmt::format("{} @{}", sender.text, set.name),
          Match("==", json::parse(sender.json), "@" + set.name).dump()};
}

NftExpression IsToRemembered(const NftSet& set) {
  const char* const family = FamilyName(set.family);
  const json remote =
      json::array({Field(family, "daddr"), Field("udp", "dport"), Field("udp", "sport")});
  return {fmt::format("{} daddr . udp dport . udp sport @{}", family, set.name),
          Match("==", {{"concat", remote}}, "@" + set.name).dump()};
}

NftExpression IsOfUnboundSocket() {
  return {"socket wildcard 1", Match("==", {{"socket", {{"key", "wildcard"}}}}, 1).dump()};
}

NftExpression SetSource(const IpAddress& address) {
  const char* const family = FamilyName(address.family);
  const json set = {{"mangle", {{"key", Field(family, "saddr")}, {"value", address.ToString()}}}};
  return {fmt::format("{} saddr set {}", family, address.ToString()), set.dump()};
}

// A range of nft's own means any port of it, so a range that moves is mapped port by port.
NftExpression ForwardTo(const PortForward& forward) {
  const char* const family = FamilyName(forward.target.family);
  const bool v6 = forward.target.family == IpFamily::kV6;
  const std::string address = forward.target.ToString();
  json target = {{"family", family}, {"addr", address}};
  std::string text = fmt::format("dnat {} to {}", family, address);
  if (forward.target_ports != forward.ports) {
    text = fmt::format("dnat {} to {}{}{}:", family, v6 ? "[" : "", address, v6 ? "]" : "");
    if (forward.ports.count() == 1) {
      fmt::format_to(std::back_inserter(text), "{}", forward.target_ports.first);
      target["port"] = forward.target_ports.first;
    } else {
      const std::string_view protocol = ProtocolName(forward.protocol);
      json pairs = json::array();
      fmt::format_to(std::back_inserter(text), "{} dport map {{ ", protocol);
      for (uint32_t i = 0; i < forward.ports.count(); ++i) {
        const uint32_t from = forward.ports.first + i;
        const uint32_t to = forward.target_ports.first + i;
        fmt::format_to(std::back_inserter(text), "{}{} : {}", i == 0 ? "" : ", ", from, to);
        pairs.push_back(json::array({from, to}));
      }
      text += " }";
      target["port"] = {{"map", {{"key", Field(protocol, "dport")}, {"data", {{"set", pairs}}}}}};
    }
  }
  return {std::move(text), json{{"dnat", std::move(target)}}.dump()};
}

}  // namespace ringwire::platform
