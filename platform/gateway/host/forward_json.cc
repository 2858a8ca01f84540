#include "platform/gateway/host/forward_json.h"

#include <cstdint>
#include <string>

#include "platform/base/json_fields.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

// 0: it is no port.
uint16_t PortIn(const json& object, const char* key) {
  return NumberIn<uint16_t>(object, key).value_or(0);
}

std::optional<PortForward> ForwardFromJson(const json& object) {
  const std::optional<std::string> protocol = TextIn(object, "protocol");
  const std::optional<std::string> target = TextIn(object, "target");
  const std::optional<bool> masquerade = FlagIn(object, "masquerade");
  if (protocol != "tcp" && protocol != "udp") return std::nullopt;
  if (!target.has_value() || !masquerade.has_value()) return std::nullopt;
  const std::optional<IpAddress> address = IpAddress::Parse(*target);
  PortForward forward;
  forward.protocol = protocol == "tcp" ? PortForward::Protocol::kTcp : PortForward::Protocol::kUdp;
  forward.ports = {PortIn(object, "first"), PortIn(object, "last")};
  const uint32_t to = PortIn(object, "to");
  if (!address || forward.ports.first == 0 || forward.ports.last < forward.ports.first || to == 0) {
    return std::nullopt;
  }
  const uint32_t last_to = to + forward.ports.count() - 1;
  if (last_to > UINT16_MAX) return std::nullopt;
  forward.target = *address;
  forward.target_ports = {static_cast<uint16_t>(to), static_cast<uint16_t>(last_to)};
  forward.masquerade = *masquerade;
  return forward;
}

}  // namespace

json ForwardsToJson(const std::vector<PortForward>& forwards) {
  json list = json::array();
  for (const PortForward& forward : forwards) {
    list.push_back({{"protocol", std::string(ProtocolName(forward.protocol))},
                    {"first", forward.ports.first},
                    {"last", forward.ports.last},
                    {"target", forward.target.ToString()},
                    {"to", forward.target_ports.first},
                    {"masquerade", forward.masquerade}});
  }
  return list;
}

std::optional<std::vector<PortForward>> ForwardsFromJson(const json& list) {
  if (!list.is_array()) return std::nullopt;
  std::vector<PortForward> forwards;
  for (const json& object : list) {
    const std::optional<PortForward> forward = ForwardFromJson(object);
    if (!forward.has_value()) return std::nullopt;
    forwards.push_back(*forward);
  }
  return forwards;
}

}  // namespace ringwire::platform
