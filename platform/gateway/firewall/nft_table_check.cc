#include "platform/gateway/firewall/nft_table_check.h"

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "nlohmann/json.hpp"
#include "platform/base/json_fields.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

}  // namespace

bool IsTableWhole(std::string_view listing, const NftTable& table) {
  const json document = json::parse(listing, nullptr, /*allow_exceptions=*/false);
  const json* const list = ListIn(document, "nftables");
  if (list == nullptr) return false;
  bool has_table = false;
  std::map<std::string, size_t> rules;  // by chain
  std::set<std::string> sets;
  for (const json& object : *list) {
    if (!object.is_object() || object.empty()) return false;
    const std::string kind = object.begin().key();
    const json& value = object.begin().value();
    if (kind == "table") {
      if (value.contains("flags")) return false;  // dormant
      has_table = TextIn(value, "name") == table.name;
    } else if (kind == "chain") {
      // A policy of its own would drop or pass what our rules do not.
      if (TextIn(value, "policy") == "drop") return false;
      rules[TextIn(value, "name").value_or("")];
    } else if (kind == "rule") {
      ++rules[TextIn(value, "chain").value_or("")];
    } else if (kind == "set") {
      sets.insert(TextIn(value, "name").value_or(""));
    }
  }
  if (!has_table || rules.size() != table.chains.size()) return false;
  for (const NftChain& chain : table.chains) {
    const auto found = rules.find(std::string(chain.hook.chain));
    if (found == rules.end() || found->second != chain.rules.size()) return false;
  }
  for (const NftSet& set : table.sets) {
    if (!sets.contains(set.name)) return false;
  }
  return true;
}

}  // namespace ringwire::platform
