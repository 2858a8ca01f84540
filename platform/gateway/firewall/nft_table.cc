#include "platform/gateway/firewall/nft_table.h"

#include <iterator>

#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr char kFamily[] = "inet";
constexpr uint32_t kSetSeconds = 120;  // as long as the kernel remembers a conversation by UDP
constexpr uint32_t kSetSize = 65535;

json Match(const char* op, json left, json right) {
  return {{"match", {{"op", op}, {"left", std::move(left)}, {"right", std::move(right)}}}};
}

json Meta(const char* key) { return {{"meta", {{"key", key}}}}; }
json Payload(std::string_view protocol, std::string_view field) {
  return {{"payload", {{"protocol", std::string(protocol)}, {"field", std::string(field)}}}};
}
json ConnectionMark() { return {{"ct", {{"key", "mark"}}}}; }

json TableJson(std::string_view name) {
  return {{"table", {{"family", kFamily}, {"name", std::string(name)}}}};
}

json ChainJson(const NftTable& table, const NftChain& chain) {
  return {{"chain",
           {{"family", kFamily},
            {"table", table.name},
            {"name", std::string(chain.hook.chain)},
            {"type", std::string(chain.hook.type)},
            {"hook", std::string(chain.hook.hook)},
            {"prio", chain.hook.priority},
            {"policy", "accept"}}}};
}

const char* AddressType(const NftSet& set) {
  return set.family == IpFamily::kV4 ? "ipv4_addr" : "ipv6_addr";
}

// Whoever looks for it says that packets change it, by changing it.
json SetJson(const NftTable& table, const NftSet& set) {
  return {{"set",
           {{"family", kFamily},
            {"table", table.name},
            {"name", set.name},
            {"type", json::array({AddressType(set), "inet_service", "inet_service"})},
            {"flags", json::array({"timeout"})},
            {"timeout", kSetSeconds},
            {"size", kSetSize}}}};
}

json RuleJson(const NftTable& table, const NftChain& chain, const NftRule& rule) {
  json expressions = json::array();
  for (const NftExpression& expression : rule.expressions) {
    expressions.push_back(json::parse(expression.json));
  }
  return {{"rule",
           {{"family", kFamily},
            {"table", table.name},
            {"chain", std::string(chain.hook.chain)},
            {"expr", std::move(expressions)}}}};
}

// To add before deleting makes the deletion one that cannot fail.
json Removal(std::string_view name) {
  return json::array({{{"add", TableJson(name)}}, {{"delete", TableJson(name)}}});
}

std::string Transaction(json commands) { return json{{"nftables", std::move(commands)}}.dump(); }

}  // namespace

NftExpression Arrives(std::string_view interface) {
  return {fmt::format("iifname \"{}\"", interface),
          Match("==", Meta("iifname"), std::string(interface)).dump()};
}

NftExpression ArrivesElsewhere(std::string_view interface) {
  return {fmt::format("iifname != \"{}\"", interface),
          Match("!=", Meta("iifname"), std::string(interface)).dump()};
}

NftExpression Leaves(std::string_view interface) {
  return {fmt::format("oifname \"{}\"", interface),
          Match("==", Meta("oifname"), std::string(interface)).dump()};
}

NftExpression LeavesElsewhere(std::string_view interface) {
  return {fmt::format("oifname != \"{}\"", interface),
          Match("!=", Meta("oifname"), std::string(interface)).dump()};
}

NftExpression DestinationIs(const IpAddress& address) {
  const char* const protocol = address.family == IpFamily::kV4 ? "ip" : "ip6";
  return {fmt::format("{} daddr {}", protocol, address.ToString()),
          Match("==", Payload(protocol, "daddr"), address.ToString()).dump()};
}

NftExpression SourceIsNotLocal() {
  const json fib = {{"fib", {{"result", "type"}, {"flags", json::array({"saddr"})}}}};
  return {"fib saddr type != local", Match("!=", fib, "local").dump()};
}

NftExpression IsUdp() { return {"meta l4proto udp", Match("==", Meta("l4proto"), "udp").dump()}; }

NftExpression IsFamily(IpFamily family) {
  const char* const name = family == IpFamily::kV4 ? "ipv4" : "ipv6";
  return {fmt::format("meta nfproto {}", name), Match("==", Meta("nfproto"), name).dump()};
}

NftExpression DestinationWithin(const Prefix& prefix) {
  const char* const protocol = prefix.address.family == IpFamily::kV4 ? "ip" : "ip6";
  const json range = {
      {"prefix", {{"addr", prefix.address.ToString()}, {"len", unsigned{prefix.length}}}}};
  return {fmt::format("{} daddr {}", protocol, prefix.ToString()),
          Match("==", Payload(protocol, "daddr"), range).dump()};
}

NftExpression PortIs(std::string_view protocol, std::string_view field, uint16_t port) {
  return {fmt::format("{} {} {}", protocol, field, port),
          Match("==", Payload(protocol, field), port).dump()};
}

NftExpression IcmpTypeIs(std::string_view type) {
  return {fmt::format("icmp type {}", type),
          Match("==", Payload("icmp", "type"), std::string(type)).dump()};
}

NftExpression Icmpv6TypeIn(std::initializer_list<std::string_view> types) {
  std::string text;
  json set = json::array();
  for (const std::string_view type : types) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", type);
    set.push_back(std::string(type));
  }
  return {fmt::format("icmpv6 type {{ {} }}", text),
          Match("==", Payload("icmpv6", "type"), {{"set", std::move(set)}}).dump()};
}

NftExpression IsIgmp() {
  return {"meta l4proto igmp", Match("==", Meta("l4proto"), "igmp").dump()};
}

NftExpression MarkIs(uint32_t mark) {
  return {fmt::format("meta mark {:#x}", mark), Match("==", Meta("mark"), mark).dump()};
}

NftExpression SaveMark() {
  const json set = {{"mangle", {{"key", ConnectionMark()}, {"value", Meta("mark")}}}};
  return {"ct mark set meta mark", set.dump()};
}

NftExpression RestoreMark() {
  const json set = {{"mangle", {{"key", Meta("mark")}, {"value", ConnectionMark()}}}};
  return {"meta mark set ct mark", set.dump()};
}

NftExpression IsTcpSyn() {
  const json flags = {{"payload", {{"protocol", "tcp"}, {"field", "flags"}}}};
  return {"tcp flags syn", Match("in", flags, "syn").dump()};
}

NftExpression ClampMss() {
  const json size = {{"tcp option", {{"name", "maxseg"}, {"field", "size"}}}};
  const json set = {{"mangle", {{"key", size}, {"value", {{"rt", {{"key", "mtu"}}}}}}}};
  return {"tcp option maxseg size set rt mtu", set.dump()};
}

NftExpression Masquerade() { return {"masquerade", json{{"masquerade", nullptr}}.dump()}; }

NftExpression Drop() { return {"drop", json{{"drop", nullptr}}.dump()}; }

NftExpression Accept() { return {"accept", json{{"accept", nullptr}}.dump()}; }

NftExpression Refuse() {
  const json reject = {{"reject", {{"type", "icmpx"}, {"expr", "admin-prohibited"}}}};
  return {"reject with icmpx admin-prohibited", reject.dump()};
}

std::string NftTableName(std::string_view interface) {
  std::string name = "ringwire-";
  for (const char c : interface) {
    if (c == '=' || c == '+') {
      fmt::format_to(std::back_inserter(name), "/{:02x}", static_cast<unsigned>(c));
    } else {
      name.push_back(c);
    }
  }
  return name;
}

std::string NftCommands(const NftTable& table) {
  std::string text = fmt::format("nft add table {} {}", kFamily, table.name);
  const auto out = std::back_inserter(text);
  for (const NftSet& set : table.sets) {
    fmt::format_to(out,
                   "\nnft add set {} {} {} '{{ type {} . inet_service . inet_service; flags "
                   "dynamic,timeout; timeout {}s; size {}; }}'",
                   kFamily, table.name, set.name, AddressType(set), kSetSeconds, kSetSize);
  }
  for (const NftChain& chain : table.chains) {
    fmt::format_to(out,
                   "\nnft add chain {} {} {} '{{ type {} hook {} priority {}; policy accept; "
                   "}}'",
                   kFamily, table.name, chain.hook.chain, chain.hook.type, chain.hook.hook,
                   chain.hook.priority);
    for (const NftRule& rule : chain.rules) {
      fmt::format_to(out, "\nnft add rule {} {} {} '", kFamily, table.name, chain.hook.chain);
      std::string_view separator;
      for (const NftExpression& expression : rule.expressions) {
        fmt::format_to(out, "{}{}", separator, expression.text);
        separator = " ";
      }
      text.push_back('\'');
    }
  }
  return text;
}

std::string ReplaceJson(const NftTable& table) {
  json commands = Removal(table.name);
  commands.push_back({{"add", TableJson(table.name)}});
  for (const NftSet& set : table.sets) commands.push_back({{"add", SetJson(table, set)}});
  for (const NftChain& chain : table.chains) {
    commands.push_back({{"add", ChainJson(table, chain)}});
    for (const NftRule& rule : chain.rules) {
      commands.push_back({{"add", RuleJson(table, chain, rule)}});
    }
  }
  return Transaction(std::move(commands));
}

std::string DeleteJson(std::string_view name) { return Transaction(Removal(name)); }

std::string ListJson(std::string_view name) {
  json commands = json::array();
  commands.push_back({{"list", TableJson(name)}});
  return Transaction(std::move(commands));
}

}  // namespace ringwire::platform
