#include "platform/enrol/api/pushed_json.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/base/ascii.h"
#include "core/device/key_text.h"
#include "core/enrol/limits.h"
#include "platform/base/json_fields.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr uint16_t kMtuMin = 1280;
constexpr uint16_t kMtuMax = 9000;
constexpr uint16_t kKeepaliveMax = 3600;
constexpr size_t kLabelBytesMax = 63;

template <typename Values>
json Texts(const Values& values) {
  json list = json::array();
  for (const auto& value : values) {
    if constexpr (requires { value.ToString(); }) {
      list.push_back(value.ToString());
    } else {
      list.push_back(value);
    }
  }
  return list;
}

// Every text of a list through `parse`; nullopt: one does not parse, or there are too many.
template <typename Parse>
auto ListOf(const json& object, const char* key, size_t max, Parse parse) {
  using Value = typename decltype(parse(std::string_view()))::value_type;
  std::optional<std::vector<Value>> values;
  const json* const list = ListIn(object, key);
  if (list == nullptr || list->size() > max) return values;
  values.emplace();
  for (const json& item : *list) {
    std::optional<Value> value;
    if (item.is_string()) value = parse(item.get_ref<const std::string&>());
    if (!value.has_value()) return std::optional<std::vector<Value>>();
    values->push_back(*std::move(value));
  }
  return values;
}

// Letters, digits and hyphens, as resolvers take them; no text of it can mean anything to a shell.
bool IsHostName(std::string_view name) {
  if (name.empty() || name.size() > enrol::kHostNameBytesMax) return false;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kLabelBytesMax || label.starts_with('-') ||
        label.ends_with('-')) {
      return false;
    }
    const auto allowed = [](char c) { return IsLetter(c) || IsDigit(c) || c == '-'; };
    if (!std::ranges::all_of(label, allowed)) return false;
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
}

std::optional<std::string> ParseDomain(std::string_view text) {
  if (!IsHostName(text.starts_with('~') ? text.substr(1) : text)) return std::nullopt;
  return std::string(text);
}

// An address with a port, or a name with one.
std::optional<std::string> ParseEndpoint(std::string_view text) {
  const std::optional<SocketAddress> address = SocketAddress::Parse(text);
  if (address.has_value()) {
    if (address->port == 0 || address->scope_id != 0) return std::nullopt;
    return address->ToString();
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !IsHostName(text.substr(0, colon))) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool valid = error == std::errc() && end == digits.data() + digits.size() && port > 0;
  return valid ? std::optional(std::string(text)) : std::nullopt;
}

std::optional<IpAddress> ParseHostPrefix(std::string_view text) {
  const std::optional<Prefix> prefix = Prefix::Parse(text);
  if (!prefix.has_value() || prefix->length != prefix->address.Bits()) return std::nullopt;
  return prefix->address;
}

bool ReadDns(const json& object, enrol::PushedSettings* settings) {
  const json* const dns = MemberIn(object, "dns");
  if (dns == nullptr) return false;
  auto servers = ListOf(*dns, "servers", enrol::kPushedServersMax, IpAddress::Parse);
  auto domains = ListOf(*dns, "domains", enrol::kPushedDomainsMax, ParseDomain);
  if (!servers.has_value() || !domains.has_value()) return false;
  settings->dns_servers = *std::move(servers);
  settings->dns_domains = *std::move(domains);
  return true;
}

bool ReadNumbers(const json& object, enrol::PushedSettings* settings) {
  const auto mtu = NumberIn<uint16_t>(object, "mtu");
  const auto keepalive = NumberIn<uint16_t>(object, "keepalive");
  if (!mtu.has_value() || *mtu < kMtuMin || *mtu > kMtuMax) return false;
  if (!keepalive.has_value() || *keepalive > kKeepaliveMax) return false;
  settings->mtu = *mtu;
  settings->keepalive_s = *keepalive;
  return true;
}

}  // namespace

json ToJson(const enrol::PushedConfig& config) {
  const enrol::PushedSettings& settings = config.settings;
  return {{"gateway_key", KeyToBase64(config.gateway_key)},
          {"addresses", Texts(config.addresses)},
          {"gateway_addresses", Texts(settings.gateway_addresses)},
          {"routes", Texts(settings.routes)},
          {"endpoints", Texts(settings.endpoints)},
          {"dns", {{"servers", Texts(settings.dns_servers)}, {"domains", settings.dns_domains}}},
          {"mtu", settings.mtu},
          {"keepalive", settings.keepalive_s},
          {"streams", false}};
}

std::optional<enrol::PushedConfig> ReadPushedConfig(const json& object) {
  enrol::PushedConfig config;
  enrol::PushedSettings& settings = config.settings;
  const std::optional<std::string> key = TextIn(object, "gateway_key");
  if (!key.has_value() || !ParseKeyBase64(*key, config.gateway_key)) return std::nullopt;
  auto addresses = ListOf(object, "addresses", enrol::kLeaseAddressesMax, ParseHostPrefix);
  auto own = ListOf(object, "gateway_addresses", enrol::kGatewayAddressesMax, IpAddress::Parse);
  auto routes = ListOf(object, "routes", enrol::kPushedRoutesMax, Prefix::Parse);
  auto endpoints = ListOf(object, "endpoints", enrol::kPushedEndpointsMax, ParseEndpoint);
  if (!addresses.has_value() || addresses->empty() || !own.has_value() || !routes.has_value() ||
      !endpoints.has_value() || endpoints->empty()) {
    return std::nullopt;
  }
  if (!ReadDns(object, &settings) || !ReadNumbers(object, &settings)) return std::nullopt;
  config.addresses = *std::move(addresses);
  settings.gateway_addresses = *std::move(own);
  settings.routes = *std::move(routes);
  settings.endpoints = *std::move(endpoints);
  return config;
}

}  // namespace ringwire::platform
