#include "platform/observe/show_fields.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/device/key_text.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr char kNone[] = "(none)";
constexpr char kHidden[] = "(hidden)";

std::string PublicKeyOf(const StatusReport& report) {
  return report.has_private_key ? KeyToBase64(report.device.public_key) : kNone;
}

std::string FwmarkOf(const StatusReport& report) {
  return report.device.fwmark == 0 ? "off" : fmt::format("{:#x}", report.device.fwmark);
}

std::string EndpointOf(const PeerStatus& peer) {
  return peer.endpoint.has_value() ? peer.endpoint->ToString() : kNone;
}

std::string KeepaliveOf(const PeerStatus& peer) {
  const int seconds = peer.persistent_keepalive_seconds;
  return seconds == 0 ? "off" : fmt::to_string(seconds);
}

const char* HiddenIf(bool is_set) { return is_set ? kHidden : kNone; }

// A field of the interface.
struct DeviceField {
  std::string_view name;
  std::string (*value)(const StatusReport& report);
};
constexpr std::array kDeviceFields = {
    DeviceField{"public-key", PublicKeyOf},
    DeviceField{"private-key",
                [](const StatusReport& r) { return std::string(HiddenIf(r.has_private_key)); }},
    DeviceField{"listen-port",
                [](const StatusReport& r) { return fmt::to_string(r.device.listen_port); }},
    DeviceField{"fwmark", FwmarkOf},
};

// A field of each peer: what comes behind its key.
struct PeerField {
  std::string_view name;
  std::string (*value)(const StatusReport& report, size_t peer);
};
constexpr std::array kPeerFields = {
    PeerField{"peers", nullptr},  // only the key
    PeerField{"preshared-keys",
              [](const StatusReport& r, size_t i) {
                return std::string(HiddenIf(r.has_preshared_key[i]));
              }},
    PeerField{"endpoints",
              [](const StatusReport& r, size_t i) { return EndpointOf(r.device.peers[i]); }},
    PeerField{"allowed-ips",
              [](const StatusReport& r, size_t i) { return AllowedIpsOf(r.device.peers[i], " "); }},
    PeerField{"latest-handshakes",
              [](const StatusReport& r, size_t i) {
                return fmt::to_string(HandshakeOf(r.device.peers[i]));
              }},
    PeerField{"persistent-keepalive",
              [](const StatusReport& r, size_t i) { return KeepaliveOf(r.device.peers[i]); }},
    PeerField{"transfer",
              [](const StatusReport& r, size_t i) {
                const PeerStatus& peer = r.device.peers[i];
                return fmt::format("{}\t{}", peer.receive_bytes, peer.transmit_bytes);
              }},
};

constexpr std::string_view kDump = "dump";

std::string Dump(const StatusReport& report, const std::string& prefix) {
  std::string text = fmt::format("{}{}\t{}\t{}\t{}\n", prefix, HiddenIf(report.has_private_key),
                                 PublicKeyOf(report), report.device.listen_port, FwmarkOf(report));
  for (size_t i = 0; i < report.device.peers.size(); ++i) {
    const PeerStatus& peer = report.device.peers[i];
    fmt::format_to(std::back_inserter(text), "{}{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", prefix,
                   KeyToBase64(peer.public_key), HiddenIf(report.has_preshared_key[i]),
                   EndpointOf(peer), AllowedIpsOf(peer, ","), HandshakeOf(peer), peer.receive_bytes,
                   peer.transmit_bytes, KeepaliveOf(peer));
  }
  return text;
}

}  // namespace

std::string AllowedIpsOf(const PeerStatus& peer, std::string_view between) {
  std::string text;
  for (const Prefix& prefix : peer.allowed_ips) {
    if (!text.empty()) text += between;
    text += prefix.ToString();
  }
  return text.empty() ? kNone : text;
}

int64_t HandshakeOf(const PeerStatus& peer) {
  return peer.last_handshake.has_value() ? absl::ToUnixSeconds(*peer.last_handshake) : 0;
}

const std::vector<std::string>& ShowFields() {
  static const std::vector<std::string> fields = [] {
    std::vector<std::string> names;
    for (const DeviceField& field : kDeviceFields) names.emplace_back(field.name);
    for (const PeerField& field : kPeerFields) names.emplace_back(field.name);
    names.emplace_back(kDump);
    return names;
  }();
  return fields;
}

std::optional<std::string> FormatField(const StatusReport& report, std::string_view field,
                                       bool names_interface) {
  const std::string prefix = names_interface ? report.interface_name + "\t" : std::string();
  if (field == kDump) return Dump(report, prefix);
  const auto of_device = std::ranges::find(kDeviceFields, field, &DeviceField::name);
  if (of_device != kDeviceFields.end()) return prefix + of_device->value(report) + "\n";
  const auto of_peer = std::ranges::find(kPeerFields, field, &PeerField::name);
  if (of_peer == kPeerFields.end()) return std::nullopt;
  std::string text;
  for (size_t i = 0; i < report.device.peers.size(); ++i) {
    text += prefix + KeyToBase64(report.device.peers[i].public_key);
    if (of_peer->value != nullptr) text += "\t" + of_peer->value(report, i);
    text += '\n';
  }
  return text;
}

}  // namespace ringwire::platform
