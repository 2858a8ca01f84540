#include "platform/names/name_cache.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "nlohmann/json.hpp"
#include "platform/base/format_version.h"
#include "platform/base/json_fields.h"
#include "platform/base/message_of.h"
#include "platform/base/read_file.h"
#include "platform/base/replace_file.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr uint64_t kNamesFormat = 1;
constexpr char kNamesFormatKey[] = "ringwire_names";
constexpr char kNamesKey[] = "names";

}  // namespace

void NameCache::SetRules(Rules rules) {
  MutexLock lock(&mutex_);
  rules_ = std::move(rules);
}

void NameCache::SetKnown(KnownNames known) {
  MutexLock lock(&mutex_);
  known_ = std::move(known);
}

absl::StatusOr<std::vector<SocketAddress>> NameCache::LookUp(const std::string& host) const {
  Rules rules;
  std::vector<SocketAddress> known;
  {
    MutexLock lock(&mutex_);
    rules = rules_;
    const auto found = known_.find(host);
    if (found != known_.end()) known = found->second;
  }
  if (!rules.tunnel.addresses.empty()) {
    std::string now = ReadNameServersBeside(rules.tunnel);
    if (!now.empty()) rules.servers = std::move(now);
  }
  NameQuestion question{host, rules.mark, rules.servers, !rules.may_ask};
  // A server on this host sends its own queries without the mark.
  if (question.servers.empty()) {
    question.servers = rules.mark == 0 ? ReadNameServersOfHost() : ReadNameServers();
  }
  const auto found = ask_(question);
  if (found.ok() || rules.may_ask) return found;
  if (!known.empty()) return known;
  return absl::UnavailableError(
      "the kill switch lets no query out, and no address is known from before (`KillSwitch = on, "
      "dns` lets ringwire ask)");
}

absl::Status SaveKnownNames(const std::string& path, const KnownNames& known) {
  json names = json::object();
  for (const auto& [name, addresses] : known) {
    json& list = names[name] = json::array();
    for (const SocketAddress& address : addresses) list.push_back(address.address.ToString());
  }
  const json document = {{kNamesFormatKey, kNamesFormat}, {kNamesKey, std::move(names)}};
  // A name that is not UTF-8 is never found again, but does no harm.
  return ReplaceFile(path, document.dump(-1, ' ', false, json::error_handler_t::replace));
}

KnownNames LoadKnownNames(const std::string& path) {
  KnownNames known;
  const json document =
      json::parse(ReadFile(path).value_or(""), nullptr, /*allow_exceptions=*/false);
  const auto format = NumberIn<uint64_t>(document, kNamesFormatKey);
  const absl::Status readable =
      CheckFormat(path, format.value_or(0), kNamesFormat,
                  "its addresses are not used: if a name cannot be looked up behind the kill "
                  "switch, write the address as the Endpoint");
  if (!readable.ok()) {
    spdlog::warn("{}", MessageOf(readable));
    return known;
  }
  // The first release wrote the names alone.
  const json* const names = format.has_value() ? MemberIn(document, kNamesKey) : &document;
  if (names == nullptr || !names->is_object()) return known;
  for (const auto& [name, list] : names->items()) {
    std::vector<SocketAddress> addresses;
    for (const json& one : list) {
      if (!one.is_string()) continue;
      const std::optional<IpAddress> address = IpAddress::Parse(one.get<std::string>());
      if (address.has_value()) addresses.push_back({*address, 0, 0});
    }
    if (!addresses.empty()) known[name] = std::move(addresses);
  }
  return known;
}

}  // namespace ringwire::platform
