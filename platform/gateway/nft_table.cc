#include "platform/gateway/nft_table.h"

#include <iterator>

#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr char kFamily[] = "inet";

json Match(const char* op, json left, json right) {
  return {{"match", {{"op", op}, {"left", std::move(left)}, {"right", std::move(right)}}}};
}

json Meta(const char* key) { return {{"meta", {{"key", key}}}}; }
json ConnectionMark() { return {{"ct", {{"key", "mark"}}}}; }

json TableJson(std::string_view name) {
  return {{"table", {{"family", kFamily}, {"name", std::string(name)}}}};
}

json ChainJson(const NftTable& table, const NftChain& chain) {
  return {{"chain",
           {{"family", kFamily},
            {"table", table.name},
            {"name", chain.name},
            {"type", chain.type},
            {"hook", chain.hook},
            {"prio", chain.priority},
            {"policy", "accept"}}}};
}

json RuleJson(const NftTable& table, const NftChain& chain, const NftRule& rule) {
  json expressions = json::array();
  for (const NftExpression& expression : rule.expressions) {
    expressions.push_back(json::parse(expression.json));
  }
  return {{"rule",
           {{"family", kFamily},
            {"table", table.name},
            {"chain", chain.name},
            {"expr", std::move(expressions)}}}};
}

// To add before deleting makes the deletion one that cannot fail.
json Removal(std::string_view name) {
  return json::array({{{"add", TableJson(name)}}, {{"delete", TableJson(name)}}});
}

std::string Transaction(json commands) { return json{{"nftables", std::move(commands)}}.dump(); }

}  // namespace

NftExpression ArrivesElsewhere(std::string_view interface) {
  return {fmt::format("iifname != \"{}\"", interface),
          Match("!=", Meta("iifname"), std::string(interface)).dump()};
}

NftExpression DestinationIs(const IpAddress& address) {
  const char* const protocol = address.family == IpFamily::kV4 ? "ip" : "ip6";
  const json field = {{"payload", {{"protocol", protocol}, {"field", "daddr"}}}};
  return {fmt::format("{} daddr {}", protocol, address.ToString()),
          Match("==", field, address.ToString()).dump()};
}

NftExpression SourceIsNotLocal() {
  const json fib = {{"fib", {{"result", "type"}, {"flags", json::array({"saddr"})}}}};
  return {"fib saddr type != local", Match("!=", fib, "local").dump()};
}

NftExpression IsUdp() { return {"meta l4proto udp", Match("==", Meta("l4proto"), "udp").dump()}; }

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

NftExpression Drop() { return {"drop", json{{"drop", nullptr}}.dump()}; }

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
  for (const NftChain& chain : table.chains) {
    fmt::format_to(out,
                   "\nnft add chain {} {} {} '{{ type {} hook {} priority {}; policy accept; "
                   "}}'",
                   kFamily, table.name, chain.name, chain.type, chain.hook, chain.priority);
    for (const NftRule& rule : chain.rules) {
      fmt::format_to(out, "\nnft add rule {} {} {} '", kFamily, table.name, chain.name);
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
  for (const NftChain& chain : table.chains) {
    commands.push_back({{"add", ChainJson(table, chain)}});
    for (const NftRule& rule : chain.rules) {
      commands.push_back({{"add", RuleJson(table, chain, rule)}});
    }
  }
  return Transaction(std::move(commands));
}

std::string DeleteJson(std::string_view name) { return Transaction(Removal(name)); }

}  // namespace ringwire::platform
