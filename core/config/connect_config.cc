#include "core/config/connect_config.h"

#include "core/device/key_text.h"
#include "fmt/format.h"

namespace ringwire {

std::optional<EndpointName> ParseConnectServer(std::string_view text, std::string* why) {
  // An IPv6 address without brackets has colons of its own.
  const std::optional<IpAddress> address = IpAddress::Parse(text);
  if (address.has_value()) return EndpointName{address->ToString(), kEnrolPort};
  const bool names_port = text.find(':') != std::string_view::npos && !text.ends_with(']');
  if (names_port) return EndpointName::Parse(text, why);
  return EndpointName::Parse(fmt::format("{}:{}", text, kEnrolPort), why);
}

std::optional<std::array<uint8_t, 32>> ParseConnectPin(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256//";
  std::array<uint8_t, 32> hash{};
  if (!text.starts_with(kPrefix)) return std::nullopt;
  if (!ParseKeyBase64(text.substr(kPrefix.size()), hash)) return std::nullopt;
  return hash;
}

}  // namespace ringwire
