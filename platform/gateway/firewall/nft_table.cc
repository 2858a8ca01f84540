#include "platform/gateway/firewall/nft_table.h"

#include <iterator>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/base/shell_text.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr uint32_t kSetSeconds = 120;  // as long as the kernel remembers a conversation by UDP
constexpr uint32_t kSetSize = 65535;

std::string_view NameOf(NftFamily family) { return family == NftFamily::kInet ? "inet" : "bridge"; }

// A table, or something in one, in both spellings.
struct Object {
  std::string text;
  json object;
};

struct Command {
  std::string_view verb;
  Object object;
};

Object TableObject(std::string_view name, NftFamily family) {
  return {fmt::format("table {} {}", NameOf(family), name),
          {{"table", {{"family", NameOf(family)}, {"name", name}}}}};
}

Object ChainObject(const NftTable& table, const NftHook& hook) {
  const std::string settings = fmt::format("{{ type {} hook {} priority {}; policy accept; }}",
                                           hook.type, hook.hook, hook.priority);
  return {fmt::format("chain {} {} {} {}", NameOf(table.family), table.name, hook.chain,
                      ShellQuoted(settings)),
          {{"chain",
            {{"family", NameOf(table.family)},
             {"table", table.name},
             {"name", hook.chain},
             {"type", hook.type},
             {"hook", hook.hook},
             {"prio", hook.priority},
             {"policy", "accept"}}}}};
}

// Of a set that packets change the text says so ("dynamic"): it may stand in a transaction of its
// own. In JSON nft 1.0.6 knows no such flag, and finds it out by the rules of the same transaction.
Object SetObject(const NftTable& table, const NftSet& set) {
  const std::string_view address = set.family == IpFamily::kV4 ? "ipv4_addr" : "ipv6_addr";
  const std::string settings = fmt::format(
      "{{ type {} . inet_service . inet_service; flags dynamic,timeout; timeout {}s; size {}; }}",
      address, kSetSeconds, kSetSize);
  return {fmt::format("set {} {} {} {}", NameOf(table.family), table.name, set.name,
                      ShellQuoted(settings)),
          {{"set",
            {{"family", NameOf(table.family)},
             {"table", table.name},
             {"name", set.name},
             {"type", json::array({address, "inet_service", "inet_service"})},
             {"flags", json::array({"timeout"})},
             {"timeout", kSetSeconds},
             {"size", kSetSize}}}}};
}

Object RuleObject(const NftTable& table, const NftHook& hook, const NftRule& rule) {
  std::string text;
  json expressions = json::array();
  for (const NftExpression& expression : rule.expressions) {
    text += (text.empty() ? "" : " ") + NftText(expression);
    expressions.push_back(NftJson(expression));
  }
  return {fmt::format("rule {} {} {} {}", NameOf(table.family), table.name, hook.chain,
                      ShellQuoted(text)),
          {{"rule",
            {{"family", NameOf(table.family)},
             {"table", table.name},
             {"chain", hook.chain},
             {"expr", std::move(expressions)}}}}};
}

// Adding first makes the deletion one that cannot fail.
std::vector<Command> Removal(std::string_view name, NftFamily family) {
  return {{"add", TableObject(name, family)}, {"delete", TableObject(name, family)}};
}

std::vector<Command> Replacement(const NftTable& table) {
  std::vector<Command> commands = Removal(table.name, table.family);
  commands.push_back({"add", TableObject(table.name, table.family)});
  for (const NftSet& set : table.sets) commands.push_back({"add", SetObject(table, set)});
  for (const NftChain& chain : table.chains) {
    commands.push_back({"add", ChainObject(table, chain.hook)});
    for (const NftRule& rule : chain.rules) {
      commands.push_back({"add", RuleObject(table, chain.hook, rule)});
    }
  }
  return commands;
}

std::string TextOf(const std::vector<Command>& commands) {
  std::string text;
  for (const Command& command : commands) {
    fmt::format_to(std::back_inserter(text), "{}nft {} {}", text.empty() ? "" : "\n", command.verb,
                   command.object.text);
  }
  return text;
}

std::string JsonOf(std::vector<Command> commands) {
  json list = json::array();
  for (Command& command : commands) {
    list.push_back({{std::string(command.verb), std::move(command.object.object)}});
  }
  return json{{"nftables", std::move(list)}}.dump();
}

}  // namespace

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

std::string ReplaceCommands(const NftTable& table) { return TextOf(Replacement(table)); }
std::string ReplaceJson(const NftTable& table) { return JsonOf(Replacement(table)); }

std::string DeleteCommands(std::string_view name, NftFamily family) {
  return TextOf(Removal(name, family));
}
std::string DeleteJson(std::string_view name, NftFamily family) {
  return JsonOf(Removal(name, family));
}

std::string DeleteExistingCommand(std::string_view name, NftFamily family) {
  return TextOf({{"delete", TableObject(name, family)}});
}

std::string ListJson(std::string_view name, NftFamily family) {
  return JsonOf({{"list", TableObject(name, family)}});
}

}  // namespace ringwire::platform
