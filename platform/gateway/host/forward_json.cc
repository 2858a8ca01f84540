#include "platform/gateway/host/forward_json.h"

#include <cstdint>
#include <string>

namespace ringwire::platform {
namespace {

using nlohmann::json;

// From 1 to 65535, else 0.
uint16_t Port(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return 0;
  const auto number = found->get<uint64_t>();
  return number > UINT16_MAX ? uint16_t{0} : static_cast<uint16_t>(number);
}

std::optional<PortForward> ForwardFromJson(const json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto protocol = object.find("protocol");
  const auto target = object.find("target");
  const auto masquerade = object.find("masquerade");
  if (protocol == object.end() || (*protocol != "tcp" && *protocol != "udp")) return std::nullopt;
  if (target == object.end() || !target->is_string()) return std::nullopt;
  if (masquerade == object.end() || !masquerade->is_boolean()) return std::nullopt;
  const std::optional<IpAddress> address = IpAddress::Parse(target->get_ref<const std::string&>());
  PortForward forward;
  forward.protocol = *protocol == "tcp" ? PortForward::Protocol::kTcp : PortForward::Protocol::kUdp;
  forward.ports = {Port(object, "first"), Port(object, "last")};
  const uint32_t to = Port(object, "to");
  if (!address || forward.ports.first == 0 || forward.ports.last < forward.ports.first || to == 0) {
    return std::nullopt;
  }
  const uint32_t last_to = to + forward.ports.count() - 1;
  if (last_to > UINT16_MAX) return std::nullopt;
  forward.target = *address;
  forward.target_ports = {static_cast<uint16_t>(to), static_cast<uint16_t>(last_to)};
  forward.masquerade = masquerade->get<bool>();
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
