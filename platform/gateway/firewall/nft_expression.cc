#include "platform/gateway/firewall/nft_expression.h"

#include <iterator>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace ringwire::platform {
namespace {

using nlohmann::json;

// Both spellings come from one function for each kind of node, so that neither is forgotten.
struct Spelling {
  std::string text;
  json object;
};

// The names of interfaces stand by themselves, as nft prints them.
Spelling Spell(const NftMeta& meta) {
  const bool is_bare = meta.key == "iifname" || meta.key == "oifname";
  return {fmt::format("{}{}", is_bare ? "" : "meta ", meta.key), {{"meta", {{"key", meta.key}}}}};
}

Spelling Spell(const NftConnection& connection) {
  json object = {{"key", connection.key}};
  if (connection.direction.empty()) {
    return {fmt::format("ct {}", connection.key), {{"ct", std::move(object)}}};
  }
  object["dir"] = connection.direction;
  return {fmt::format("ct {} {}", connection.direction, connection.key),
          {{"ct", std::move(object)}}};
}

Spelling Spell(const NftPayload& payload) {
  return {fmt::format("{} {}", payload.protocol, payload.field),
          {{"payload", {{"protocol", payload.protocol}, {"field", payload.field}}}}};
}

Spelling Spell(const NftBits& bits) {
  return {fmt::format("@th,{},{}", bits.first, bits.count),
          {{"payload", {{"base", "th"}, {"offset", bits.first}, {"len", bits.count}}}}};
}

Spelling Spell(const NftFib& fib) {
  return {fmt::format("fib {} {}", fib.address, fib.result),
          {{"fib", {{"result", fib.result}, {"flags", json::array({fib.address})}}}}};
}

Spelling Spell(const NftSocket& socket) {
  return {fmt::format("socket {}", socket.key), {{"socket", {{"key", socket.key}}}}};
}

Spelling Spell(const NftTcpOption& option) {
  return {fmt::format("tcp option {} {}", option.name, option.field),
          {{"tcp option", {{"name", option.name}, {"field", option.field}}}}};
}

Spelling Spell(const NftRoute& route) {
  if (!route.family.empty()) {
    return {fmt::format("rt {} {}", route.family, route.key),
            {{"rt", {{"key", route.key}, {"family", route.family}}}}};
  }
  return {fmt::format("rt {}", route.key), {{"rt", {{"key", route.key}}}}};
}

Spelling Spell(const NftField& field) {
  return std::visit([](const auto& one) { return Spell(one); }, field);
}

Spelling Spell(const std::vector<NftField>& fields) {
  if (fields.size() == 1) return Spell(fields.front());
  std::string text;
  json parts = json::array();
  for (const NftField& field : fields) {
    Spelling one = Spell(field);
    text += (text.empty() ? "" : " . ") + one.text;
    parts.push_back(std::move(one.object));
  }
  return {std::move(text), {{"concat", std::move(parts)}}};
}

Spelling Spell(const NftWord& word) { return {std::string(word.word), word.word}; }

Spelling Spell(const NftAnyOf& any) {
  std::string text;
  json set = json::array();
  for (const std::string_view word : any.words) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
    set.push_back(word);
  }
  return {fmt::format("{{ {} }}", text), {{"set", std::move(set)}}};
}

// nft takes a * at the end for any ending, unless a backslash is in front of it.
Spelling Spell(const NftInterface& interface) {
  std::string name = interface.name;
  if (name.ends_with('*')) name.insert(name.size() - 1, 1, '\\');
  return {fmt::format("\"{}\"", name), name};
}

Spelling Spell(const NftNumber& number) {
  return {fmt::format("{}", number.number), number.number};
}

Spelling Spell(const NftMark& mark) { return {fmt::format("{:#x}", mark.mark), mark.mark}; }

Spelling Spell(const NftMembers& members) { return {"@" + members.set, "@" + members.set}; }

Spelling Spell(const IpAddress& address) { return {address.ToString(), address.ToString()}; }

Spelling Spell(const Prefix& prefix) {
  return {prefix.ToString(),
          {{"prefix", {{"addr", prefix.address.ToString()}, {"len", unsigned{prefix.length}}}}}};
}

Spelling Spell(const PortRange& ports) {
  if (ports.first == ports.last) return {ports.ToString(), ports.first};
  return {ports.ToString(), {{"range", json::array({ports.first, ports.last})}}};
}

Spelling Spell(const NftValue& value) {
  return std::visit([](const auto& one) { return Spell(one); }, value);
}

struct OperatorNames {
  std::string_view text;
  std::string_view json;
};

OperatorNames NamesOf(NftMatch::Operator op) {
  switch (op) {
    case NftMatch::Operator::kIs:
      return {"", "=="};
    case NftMatch::Operator::kIsNot:
      return {"!= ", "!="};
    case NftMatch::Operator::kHas:
      return {"", "in"};
    case NftMatch::Operator::kIsGreater:
      return {"> ", ">"};
  }
  return {};
}

Spelling Spell(const NftMatch& match) {
  Spelling left = Spell(match.left);
  Spelling right = Spell(match.right);
  const OperatorNames op = NamesOf(match.op);
  return {
      fmt::format("{} {}{}", left.text, op.text, right.text),
      {{"match",
        {{"op", op.json}, {"left", std::move(left.object)}, {"right", std::move(right.object)}}}}};
}

Spelling Spell(const NftAssignment& assignment) {
  Spelling field = Spell(assignment.field);
  Spelling value = Spell(assignment.value);
  return {fmt::format("{} set {}", field.text, value.text),
          {{"mangle", {{"key", std::move(field.object)}, {"value", std::move(value.object)}}}}};
}

Spelling Spell(const NftSetChange& change) {
  Spelling element = Spell(change.element);
  const std::string_view op =
      change.operation == NftSetChange::Operation::kUpdate ? "update" : "delete";
  return {fmt::format("{} @{} {{ {} }}", op, change.set, element.text),
          {{"set", {{"op", op}, {"elem", std::move(element.object)}, {"set", "@" + change.set}}}}};
}

Spelling Spell(const NftCounter&) { return {"counter", {{"counter", nullptr}}}; }

Spelling Spell(NftVerdict verdict) {
  switch (verdict) {
    case NftVerdict::kAccept:
      return {"accept", {{"accept", nullptr}}};
    case NftVerdict::kDrop:
      return {"drop", {{"drop", nullptr}}};
    case NftVerdict::kRefuse:
      return {"reject with icmpx admin-prohibited",
              {{"reject", {{"type", "icmpx"}, {"expr", "admin-prohibited"}}}}};
  }
  return {};
}

Spelling Spell(const NftMasquerade& masquerade) {
  if (!masquerade.ports.has_value()) return {"masquerade", {{"masquerade", nullptr}}};
  Spelling ports = Spell(*masquerade.ports);
  return {fmt::format("masquerade to :{}", ports.text),
          {{"masquerade", {{"port", std::move(ports.object)}}}}};
}

// A port for a port: a range of nft's own would mean any port of it.
Spelling SpellPorts(const PortForward& forward) {
  if (forward.ports.count() == 1) return Spell(forward.target_ports);
  const Spelling key = Spell(NftPayload{ProtocolName(forward.protocol), "dport"});
  std::string text;
  json pairs = json::array();
  for (uint32_t i = 0; i < forward.ports.count(); ++i) {
    const uint32_t from = forward.ports.first + i;
    const uint32_t to = forward.target_ports.first + i;
    fmt::format_to(std::back_inserter(text), "{}{} : {}", i == 0 ? "" : ", ", from, to);
    pairs.push_back(json::array({from, to}));
  }
  return {fmt::format("{} map {{ {} }}", key.text, text),
          {{"map", {{"key", key.object}, {"data", {{"set", std::move(pairs)}}}}}}};
}

Spelling Spell(const NftForward& expression) {
  const PortForward& forward = expression.forward;
  const bool v6 = forward.target.family == IpFamily::kV6;
  const std::string_view family = v6 ? "ip6" : "ip";
  const std::string address = forward.target.ToString();
  json target = {{"family", family}, {"addr", address}};
  if (forward.target_ports == forward.ports) {
    return {fmt::format("dnat {} to {}", family, address), {{"dnat", std::move(target)}}};
  }
  Spelling ports = SpellPorts(forward);
  target["port"] = std::move(ports.object);
  return {fmt::format("dnat {} to {}{}{}:{}", family, v6 ? "[" : "", address, v6 ? "]" : "",
                      ports.text),
          {{"dnat", std::move(target)}}};
}

Spelling SpellAny(const NftExpression& expression) {
  return std::visit([](const auto& one) { return Spell(one); }, expression);
}

}  // namespace

NftMatch Compare(NftField left, NftMatch::Operator op, NftValue right) {
  return {{std::move(left)}, op, std::move(right)};
}

std::string NftText(const NftExpression& expression) { return SpellAny(expression).text; }

nlohmann::json NftJson(const NftExpression& expression) { return SpellAny(expression).object; }

}  // namespace ringwire::platform
