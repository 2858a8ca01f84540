#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/config_parser.h"
#include "core/config/number_text.h"
#include "core/enrol/limits.h"
#include "fmt/format.h"

// The keys of [Enrol], and what their values mean.
namespace ringwire::config_parser {
namespace {

constexpr uint32_t kMinute = 60;
constexpr uint32_t kHour = 60 * kMinute;
constexpr uint32_t kDay = 24 * kHour;
constexpr uint16_t kPushedMtuMin = 1280;  // what IPv6 needs of every link
constexpr uint16_t kPushedMtuMax = 9000;
constexpr uint64_t kPortalsMax = 64;   // more than any host has use for; one thread each
constexpr size_t kLabelBytesMax = 63;  // of the DNS

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kLabelBytesMax && !label.starts_with('-') &&
         !label.ends_with('-') &&
         std::ranges::all_of(label, [](char c) { return IsLetter(c) || IsDigit(c) || c == '-'; });
}

// A name as a certificate has it: letters, digits and hyphens.
bool IsHostName(std::string_view name) {
  if (name.empty() || name.size() > enrol::kHostNameBytesMax) return false;
  if (std::ranges::all_of(name, [](char c) { return IsDigit(c) || c == '.'; })) return false;
  while (true) {
    const size_t dot = name.find('.');
    if (!IsLabel(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

void ReadListen(std::string_view value, Reading* reading) {
  std::vector<SocketAddress>& listen = reading->enrol().listen;
  for (const std::string_view text : Words(value)) {
    const std::optional<SocketAddress> address = SocketAddress::Parse(text);
    if (!address.has_value() || address->port == 0) {
      reading->Fail(text, fmt::format("Listen must be addresses with a TCP port, like [::]:443 or "
                                      "192.0.2.1:443, not {}",
                                      QuotedUnlessKey(text)));
    } else if (HasRoom(listen, enrol::kListenersMax, text, reading)) {
      listen.push_back(*address);
    }
  }
}

void ReadServerName(std::string_view value, Reading* reading) {
  std::vector<std::string>& names = reading->enrol().server_names;
  for (const std::string_view text : Words(value)) {
    if (!IsHostName(text) && !IpAddress::Parse(text).has_value()) {
      reading->Fail(text, fmt::format("ServerName must be names or addresses of this server as in "
                                      "its certificate, not {}",
                                      QuotedUnlessKey(text)));
    } else if (HasRoom(names, enrol::kServerNamesMax, text, reading)) {
      std::string& name = names.emplace_back(text);
      std::ranges::transform(name, name.begin(), Lower);
    }
  }
}

void ReadCertificate(std::string_view value, Reading* reading) {
  ReadPath(value, &reading->enrol().certificate, reading);
}

void ReadCertificateKey(std::string_view value, Reading* reading) {
  ReadPath(value, &reading->enrol().certificate_key, reading);
}

void ReadUsers(std::string_view value, Reading* reading) {
  ReadPath(value, &reading->enrol().users, reading);
}

void ReadAuthenticate(std::string_view value, Reading* reading) {
  for (const std::string_view text : Words(value)) {
    if (EqualIgnoringCase(text, "password")) continue;
    reading->Fail(text,
                  fmt::format("Authenticate must be password, not {}", QuotedUnlessKey(text)));
  }
}

void ReadPool(std::string_view value, Reading* reading) {
  ReadPrefixes(value, enrol::kPoolPrefixesMax, &reading->enrol().pool, reading);
}

void ReadRoutes(std::string_view value, Reading* reading) {
  ReadPrefixes(value, enrol::kPushedRoutesMax, &reading->enrol().routes, reading);
}

// A zone names an interface of this host, which means nothing to a client.
void ReadPushedDns(std::string_view value, Reading* reading) {
  DnsSettings& dns = reading->enrol().dns;
  ReadDnsList(value, &dns, reading);
  if (std::ranges::any_of(dns.servers, [](const NameServer& one) { return !one.zone.empty(); })) {
    reading->Fail(value, "DNS in [Enrol] must be addresses that clients reach, without %INTERFACE");
  } else if (dns.servers.size() > enrol::kPushedServersMax ||
             dns.search.size() > enrol::kPushedDomainsMax) {
    reading->Fail(value, fmt::format("DNS has more than {} servers or {} domains",
                                     enrol::kPushedServersMax, enrol::kPushedDomainsMax));
  }
}

void ReadPushedMtu(std::string_view value, Reading* reading) {
  if (const auto mtu = ReadNumber(value, kPushedMtuMin, kPushedMtuMax, "", reading)) {
    reading->enrol().mtu = static_cast<uint16_t>(*mtu);
  }
}

void ReadKeepalive(std::string_view value, Reading* reading) {
  if (EqualIgnoringCase(value, "off")) {
    reading->enrol().keepalive_s = 0;
  } else if (const auto seconds = ReadNumber(value, 0, kHour, " or off", reading)) {
    reading->enrol().keepalive_s = static_cast<uint16_t>(*seconds);
  }
}

void ReadPushedEndpoint(std::string_view value, Reading* reading) {
  std::vector<EndpointName>& endpoints = reading->enrol().endpoints;
  for (const std::string_view text : Words(value)) {
    std::string why;
    std::optional<EndpointName> endpoint = EndpointName::Parse(text, &why, reading->service_port());
    if (!endpoint.has_value()) {
      reading->Fail(text, fmt::format("Endpoint must be HOST:PORT, not {}{}", QuotedUnlessKey(text),
                                      Because(why)));
    } else if (HasRoom(endpoints, enrol::kPushedEndpointsMax, text, reading)) {
      endpoints.push_back(*std::move(endpoint));
    }
  }
}

// A number and its unit: 90s, 5m, 24h or 30d.
std::optional<uint32_t> ReadDuration(std::string_view value, uint32_t least, uint32_t greatest,
                                     std::string_view range, Reading* reading) {
  const std::string text = WithoutSpaces(value);
  const char unit = text.empty() ? '\0' : Lower(text.back());
  const uint32_t factor = unit == 's'   ? 1
                          : unit == 'm' ? kMinute
                          : unit == 'h' ? kHour
                          : unit == 'd' ? kDay
                                        : 0;
  const auto number =
      factor == 0 ? std::nullopt
                  : ParseNumber(std::string_view(text).substr(0, text.size() - 1), 366 * kDay);
  if (number.has_value() && *number * factor >= least && *number * factor <= greatest) {
    return static_cast<uint32_t>(*number * factor);
  }
  reading->Fail(value, fmt::format("{} must be a time from {}, like 90m, 1h or 7d, not {}",
                                   reading->key().name, range, QuotedUnlessKey(text)));
  return std::nullopt;
}

void ReadLease(std::string_view value, Reading* reading) {
  if (const auto lease = ReadDuration(value, 5 * kMinute, 30 * kDay, "5m to 30d", reading)) {
    reading->enrol().lease_s = *lease;
  }
}

void ReadSession(std::string_view value, Reading* reading) {
  if (const auto session = ReadDuration(value, 5 * kMinute, 365 * kDay, "5m to 365d", reading)) {
    reading->enrol().session_s = *session;
  }
}

void ReadDevices(std::string_view value, Reading* reading) {
  if (const auto devices = ReadNumber(value, 1, enrol::kLeasesMax, "", reading)) {
    reading->enrol().devices_max = static_cast<uint32_t>(*devices);
  }
}

void ReadMaxLeases(std::string_view value, Reading* reading) {
  if (const auto leases = ReadNumber(value, 1, enrol::kLeasesMax, "", reading)) {
    reading->enrol().leases_max = static_cast<uint32_t>(*leases);
  }
}

void ReadEnrolPostQuantum(std::string_view value, Reading* reading) {
  ReadPostQuantum(value, &reading->enrol().post_quantum, reading);
}

void ReadPortals(std::string_view value, Reading* reading) {
  if (EqualIgnoringCase(value, "auto")) {
    reading->enrol().portals = 0;
  } else if (const auto portals = ReadNumber(value, 1, kPortalsMax, " or auto", reading)) {
    reading->enrol().portals = static_cast<uint16_t>(*portals);
  }
}

constexpr KeyRow kEnrolKeys[] = {
    {.name = "Listen", .read = &ReadListen},
    {.name = "ServerName", .read = &ReadServerName},
    {.name = "Certificate", .read = &ReadCertificate, .is_free_text = true},
    {.name = "CertificateKey", .read = &ReadCertificateKey, .is_free_text = true},
    {.name = "Authenticate", .read = &ReadAuthenticate},
    {.name = "Users", .read = &ReadUsers, .is_free_text = true},
    {.name = "Pool", .read = &ReadPool},
    {.name = "Routes", .read = &ReadRoutes},
    {.name = "DNS", .read = &ReadPushedDns},
    {.name = "MTU", .read = &ReadPushedMtu},
    {.name = "Keepalive", .read = &ReadKeepalive},
    {.name = "Endpoint", .read = &ReadPushedEndpoint},
    {.name = "Lease", .read = &ReadLease},
    {.name = "Session", .read = &ReadSession},
    {.name = "Devices", .read = &ReadDevices},
    {.name = "MaxLeases", .read = &ReadMaxLeases},
    {.name = "PostQuantum", .read = &ReadEnrolPostQuantum},
    {.name = "Portals", .read = &ReadPortals},
};

}  // namespace

std::span<const KeyRow> EnrolKeys() { return kEnrolKeys; }

}  // namespace ringwire::config_parser
