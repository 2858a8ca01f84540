#include <utility>

#include "core/base/check.h"
#include "nlohmann/json.hpp"
#include "platform/base/json_fields.h"
#include "platform/gateway/host/forward_json.h"
#include "platform/gateway/plan/action.h"

// The journal's form of actions. Another process, perhaps of another version, reads it: it refuses
// unknown values and never guesses.
namespace ringwire::platform {
namespace {

using nlohmann::json;

// The numbers of a journal's actions.
std::optional<uint32_t> NumberOf(const json& object, const char* key) {
  return NumberIn<uint32_t>(object, key);
}

// A journal has no action that undoes nothing.
template <class NoUndo>
json Write(const NoUndo&) {
  return nullptr;
}
json Write(const action::DeleteInterface&) { return {{"do", "delete_interface"}}; }
json Write(const action::RemoveAddress& a) {
  return {{"do", "remove_address"}, {"address", a.address.ToString()}};
}
json Write(const action::SetMtu& a) { return {{"do", "set_mtu"}, {"mtu", a.mtu}}; }

json Write(const action::RemoveRoute& a) {
  const Route& route = a.route;
  return {{"do", "remove_route"},
          {"unreachable", route.type == Route::Type::kUnreachable ? 1U : 0U},
          {"prefix", route.prefix.ToString()},
          {"table", route.table},
          {"metric", route.metric}};
}

json Write(const action::RemoveRule& a) {
  const Rule& rule = a.rule;
  json object = {{"do", "remove_rule"},
                 {"family", static_cast<uint32_t>(rule.family)},
                 {"priority", rule.priority},
                 {"table", rule.table}};
  if (rule.source.has_value()) object["source"] = rule.source->ToString();
  if (rule.destination.has_value()) object["destination"] = rule.destination->ToString();
  if (rule.if_mark.has_value()) object["if_mark"] = *rule.if_mark;
  if (rule.unless_mark.has_value()) object["unless_mark"] = *rule.unless_mark;
  if (rule.suppress_prefix_length.has_value()) {
    object["suppress_prefix_length"] = *rule.suppress_prefix_length;
  }
  if (rule.go_to.has_value()) object["go_to"] = *rule.go_to;
  if (rule.refuses) object["refuses"] = 1U;
  if (rule.own_udp_port.has_value()) object["own_udp_port"] = *rule.own_udp_port;
  return object;
}

json Write(const action::SetSysctl& a) {
  json object = {{"do", "set_sysctl"}, {"path", a.path}, {"value", a.value}};
  if (a.only_if.has_value()) object["only_if"] = *a.only_if;
  return object;
}
json Write(const action::DeleteNftTable& a) {
  json object = {{"do", "delete_nft_table"}, {"name", a.name}};
  if (a.family == NftFamily::kBridge) object["bridge"] = 1U;
  return object;
}
json Write(const action::ForgetForwarded& a) {
  json own = json::array();
  for (const IpAddress& address : a.ports.own) own.push_back(address.ToString());
  return {{"do", "forget_forwarded"},
          {"forwards", ForwardsToJson(a.ports.forwards)},
          {"own", std::move(own)}};
}
json Write(const action::RevertDns& a) {
  return {
      {"do", "revert_dns"}, {"program", static_cast<uint32_t>(a.program)}, {"record", a.record}};
}
json Write(const action::DeleteNamespace& a) {
  return {{"do", "delete_namespace"}, {"name", a.name}};
}
json Write(const action::RevertNamespaceDns& a) {
  return {{"do", "revert_namespace_dns"},
          {"namespace", a.network_namespace},
          {"had_file", a.had_file ? 1U : 0U},
          {"folders_made", a.folders_made}};
}
json Write(const action::RemoveBridge& a) { return {{"do", "remove_bridge"}, {"name", a.name}}; }
json Write(const action::RemoveVxlan& a) { return {{"do", "remove_vxlan"}, {"name", a.name}}; }
json Write(const action::RemoveForwarding& a) {
  return {{"do", "remove_forwarding"}, {"vxlan", a.vxlan}, {"to", a.to.ToString()}};
}
json Write(const action::RunHook& a) {
  return {{"do", "run_hook"}, {"key", a.key}, {"command", a.command}, {"place", a.place}};
}

std::optional<InterfaceAddress> ReadAddress(const json& object) {
  const std::optional<std::string> text = TextIn(object, "address");
  return text.has_value() ? InterfaceAddress::Parse(*text) : std::nullopt;
}

std::optional<Route> ReadRoute(const json& object) {
  const std::optional<std::string> text = TextIn(object, "prefix");
  const std::optional<Prefix> prefix = text.has_value() ? Prefix::Parse(*text) : std::nullopt;
  const std::optional<uint32_t> unreachable = NumberOf(object, "unreachable");
  const std::optional<uint32_t> table = NumberOf(object, "table");
  const std::optional<uint32_t> metric = NumberOf(object, "metric");
  if (!prefix || !table || !metric || !unreachable || *unreachable > 1) return std::nullopt;
  return Route{*unreachable == 1 ? Route::Type::kUnreachable : Route::Type::kInterface, *prefix,
               *table, *metric};
}

// Absent is valid; false: it exists and is no prefix.
bool ReadSelector(const json& object, const char* key, std::optional<Prefix>* prefix) {
  if (!object.contains(key)) return true;
  const std::optional<std::string> text = TextIn(object, key);
  *prefix = text.has_value() ? Prefix::Parse(*text) : std::nullopt;
  return prefix->has_value();
}

std::optional<Rule> ReadRule(const json& object) {
  const std::optional<uint32_t> family = NumberOf(object, "family");
  const std::optional<uint32_t> priority = NumberOf(object, "priority");
  const std::optional<uint32_t> table = NumberOf(object, "table");
  if (!family || !priority || !table || (*family != 4 && *family != 6)) return std::nullopt;
  Rule rule{static_cast<IpFamily>(*family), *priority, *table};
  if (!ReadSelector(object, "source", &rule.source)) return std::nullopt;
  if (!ReadSelector(object, "destination", &rule.destination)) return std::nullopt;
  rule.if_mark = NumberOf(object, "if_mark");
  rule.unless_mark = NumberOf(object, "unless_mark");
  rule.suppress_prefix_length = NumberOf(object, "suppress_prefix_length");
  rule.go_to = NumberOf(object, "go_to");
  if (const std::optional<uint32_t> refuses = NumberOf(object, "refuses")) {
    if (*refuses != 1) return std::nullopt;
    rule.refuses = true;
  }
  rule.own_udp_port = NumberIn<uint16_t>(object, "own_udp_port");
  return rule;
}

std::optional<action::ForgetForwarded> ReadForwarded(const json& object) {
  const json* const forwards = MemberIn(object, "forwards");
  const json* const own = ListIn(object, "own");
  if (forwards == nullptr || own == nullptr) return std::nullopt;
  std::optional<std::vector<PortForward>> read = ForwardsFromJson(*forwards);
  if (!read.has_value()) return std::nullopt;
  action::ForgetForwarded forgotten{{*std::move(read), {}}};
  for (const json& text : *own) {
    const auto address =
        text.is_string() ? IpAddress::Parse(text.get_ref<const std::string&>()) : std::nullopt;
    if (!address.has_value()) return std::nullopt;
    forgotten.ports.own.push_back(*address);
  }
  return forgotten;
}

std::optional<DnsProgram> ReadProgram(const json& object) {
  const std::optional<uint32_t> program = NumberOf(object, "program");
  if (!program || *program > static_cast<uint32_t>(DnsProgram::kResolvectl)) return std::nullopt;
  return static_cast<DnsProgram>(*program);
}

std::optional<action::RevertNamespaceDns> ReadNamespaceDns(const json& object) {
  const std::optional<std::string> name = TextIn(object, "namespace");
  const std::optional<uint32_t> had_file = NumberOf(object, "had_file");
  const std::optional<uint32_t> folders = NumberOf(object, "folders_made");
  if (!name || !had_file || !folders || *had_file > 1 || *folders > 2) return std::nullopt;
  return action::RevertNamespaceDns{*name, *had_file == 1, *folders};
}

std::optional<action::DeleteNftTable> ReadNftTable(const json& object) {
  const std::optional<std::string> name = TextIn(object, "name");
  if (!name.has_value()) return std::nullopt;
  if (!object.contains("bridge")) return action::DeleteNftTable{*name};
  if (NumberOf(object, "bridge") != 1) return std::nullopt;
  return action::DeleteNftTable{*name, NftFamily::kBridge};
}

std::optional<action::RemoveForwarding> ReadForwarding(const json& object) {
  const std::optional<std::string> vxlan = TextIn(object, "vxlan");
  const std::optional<std::string> to = TextIn(object, "to");
  const auto address = to.has_value() ? IpAddress::Parse(*to) : std::nullopt;
  if (!vxlan || !address) return std::nullopt;
  return action::RemoveForwarding{*vxlan, *address};
}

std::optional<Action> ReadUndo(std::string_view what, const json& object) {
  if (what == "delete_interface") return action::DeleteInterface{};
  if (what == "remove_address") {
    if (const auto address = ReadAddress(object)) return action::RemoveAddress{*address};
  } else if (what == "set_mtu") {
    if (const auto mtu = NumberOf(object, "mtu")) return action::SetMtu{*mtu};
  } else if (what == "remove_route") {
    if (const auto route = ReadRoute(object)) return action::RemoveRoute{*route};
  } else if (what == "remove_rule") {
    if (const auto rule = ReadRule(object)) return action::RemoveRule{*rule};
  } else if (what == "set_sysctl") {
    const auto path = TextIn(object, "path");
    const auto value = TextIn(object, "value");
    if (path && value) return action::SetSysctl{*path, *value, TextIn(object, "only_if")};
  } else if (what == "delete_nft_table") {
    if (const auto table = ReadNftTable(object)) return *table;
  } else if (what == "forget_forwarded") {
    if (auto forwarded = ReadForwarded(object)) return *std::move(forwarded);
  } else if (what == "revert_dns") {
    const auto program = ReadProgram(object);
    const auto record = TextIn(object, "record");
    if (program && record) return action::RevertDns{*program, *record};
  } else if (what == "delete_namespace") {
    if (const auto name = TextIn(object, "name")) return action::DeleteNamespace{*name};
  } else if (what == "revert_namespace_dns") {
    if (const auto dns = ReadNamespaceDns(object)) return *dns;
  } else if (what == "remove_bridge") {
    if (const auto name = TextIn(object, "name")) return action::RemoveBridge{*name};
  } else if (what == "remove_vxlan") {
    if (const auto name = TextIn(object, "name")) return action::RemoveVxlan{*name};
  } else if (what == "remove_forwarding") {
    if (const auto forwarding = ReadForwarding(object)) return *forwarding;
  } else if (what == "run_hook") {
    const auto key = TextIn(object, "key");
    const auto command = TextIn(object, "command");
    // Earlier versions did not write this value.
    if (key && command)
      return action::RunHook{*key, *command, NumberOf(object, "place").value_or(0)};
  }
  return std::nullopt;
}

}  // namespace

std::string ToJson(const Action& action) {
  const json object = std::visit([](const auto& one) { return Write(one); }, action);
  CHECK(!object.is_null());
  // A hook may be in any encoding; one that is not UTF-8 is replaced where the journal needs it.
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Action> UndoFromJson(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const std::optional<std::string> what = TextIn(object, "do");
  return what.has_value() ? ReadUndo(*what, object) : std::nullopt;
}

}  // namespace ringwire::platform
