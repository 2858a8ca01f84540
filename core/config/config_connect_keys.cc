#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_parser.h"
#include "core/enrol/limits.h"
#include "fmt/format.h"

// The keys of [Connect], and what their values mean.
namespace ringwire::config_parser {
namespace {

// More than a person writes; the gateway pushes at most kPushedRoutesMax.
constexpr size_t kAcceptedNetworksMax = enrol::kPushedRoutesMax;

bool IsPrintableAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

void ReadServer(std::string_view value, Reading* reading) {
  const std::string text = WithoutSpaces(value);
  std::string why;
  const std::optional<EndpointName> server = ParseConnectServer(text, &why);
  if (server.has_value()) {
    reading->connect().server = *server;
    return;
  }
  reading->Fail(value, fmt::format("Server must be HOST or HOST:PORT, not {}{}",
                                   QuotedUnlessKey(text), Because(why)));
}

void ReadLabel(std::string_view value, size_t most, std::string* label, Reading* reading) {
  if (value.size() <= most && IsPrintableAscii(value)) {
    *label = value;
    return;
  }
  reading->Fail(value, fmt::format("{} must be printable ASCII of at most {} characters",
                                   reading->key().name, most));
}

void ReadConnectUser(std::string_view value, Reading* reading) {
  ReadLabel(value, enrol::kUserBytesMax, &reading->connect().user, reading);
}

void ReadDevice(std::string_view value, Reading* reading) {
  ReadLabel(value, enrol::kDeviceBytesMax, &reading->connect().device, reading);
}

void ReadPasswordFile(std::string_view value, Reading* reading) {
  ReadPath(value, &reading->connect().password_file, reading);
}

void ReadCa(std::string_view value, Reading* reading) {
  ReadPath(value, &reading->connect().ca, reading);
}

void ReadPin(std::string_view value, Reading* reading) {
  reading->connect().pin = ParseConnectPin(value);
  if (reading->connect().pin.has_value()) return;
  reading->Fail(value,
                "Pin must be sha256// and 44 characters of base64: the SHA-256 of the server's "
                "public key");
}

void ReadAcceptedRoutes(std::string_view value, Reading* reading) {
  std::optional<std::vector<Prefix>>& routes = reading->connect().routes;
  if (EqualIgnoringCase(value, "all")) {
    routes.reset();
    return;
  }
  if (!routes.has_value()) routes.emplace();
  ReadPrefixes(value, kAcceptedNetworksMax, &*routes, reading);
}

void ReadAcceptedDns(std::string_view value, Reading* reading) {
  if (const auto on = ReadSwitch(value, reading)) reading->connect().takes_dns = *on;
}

void ReadConnectPostQuantum(std::string_view value, Reading* reading) {
  ReadPostQuantum(value, &reading->connect().post_quantum, reading);
}

constexpr std::array kConnectKeys = {
    KeyRow{.name = "Server", .read = &ReadServer},
    KeyRow{.name = "User", .read = &ReadConnectUser},
    KeyRow{.name = "Device", .read = &ReadDevice},
    KeyRow{.name = "PasswordFile", .read = &ReadPasswordFile, .is_free_text = true},
    KeyRow{.name = "CA", .read = &ReadCa, .is_free_text = true},
    KeyRow{.name = "Pin", .read = &ReadPin},
    KeyRow{.name = "Routes", .read = &ReadAcceptedRoutes, .adds_up = true},
    KeyRow{.name = "DNS", .read = &ReadAcceptedDns},
    KeyRow{.name = "PostQuantum", .read = &ReadConnectPostQuantum},
};

}  // namespace

std::span<const KeyRow> ConnectKeys() { return kConnectKeys; }

}  // namespace ringwire::config_parser
