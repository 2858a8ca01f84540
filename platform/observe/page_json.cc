#include "platform/observe/page_json.h"

#include <algorithm>
#include <utility>

#include "core/device/key_text.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/observe/health.h"
#include "platform/observe/show_fields.h"
#include "platform/observe/why_no_handshake.h"

namespace ringwire::platform {
namespace {

using Json = nlohmann::ordered_json;

// Names come from a configuration file: bytes that are not UTF-8 are replaced and do not throw.
std::string DumpJson(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json WorkersOf(const StatusReport& report, const PageHistory& history) {
  Json workers = Json::array();
  for (size_t i = 0; i < report.workers.size(); ++i) {
    Json worker;
    worker["index"] = report.workers[i].index;
    worker["backend"] = report.workers[i].backend;
    worker["load"] = history.LoadOf(report.interface_name, i);
    workers.push_back(std::move(worker));
  }
  return workers;
}

Json HistoryOf(const std::string& interface, const PageHistory& history) {
  Json samples = Json::array();
  for (const PageHistory::Sample& sample : history.SamplesOf(interface)) {
    samples.push_back(
        {absl::ToUnixMillis(sample.time), sample.received_bytes, sample.transmitted_bytes});
  }
  return samples;
}

Json SummaryOf(const InterfaceStatus& one, const PageHistory& history) {
  Json json;
  json["name"] = one.name;
  json["answers"] = one.report.has_value();
  json["ready"] = false;
  if (!one.report.has_value()) return json;
  const StatusReport& report = *one.report;
  json["why"] = WhyNotReady(report);
  json["ready"] = WhyNotReady(report).empty();
  json["version"] = report.version;
  json["listen_port"] = report.device.listen_port;
  json["mtu"] = report.mtu;
  json["public_key"] = report.has_private_key ? KeyToBase64(report.device.public_key) : "";
  json["peer_count"] = report.peer_count;
  json["workers"] = WorkersOf(report, history);
  Json drops = Json::array();
  for (const auto& [reason, count] : report.drops) drops.push_back({reason, count});
  json["drops"] = std::move(drops);
  json["notes"] = report.sandbox.missing_walls;
  json["history"] = HistoryOf(one.name, history);
  return json;
}

std::string AllowedText(const PeerStatus& peer) {
  std::string text;
  const size_t count = std::min(peer.allowed_ips.size(), kPageAllowedIpsMax);
  for (size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : ", ") + peer.allowed_ips[i].ToString();
  }
  if (peer.allowed_ips.size() > count) {
    text += fmt::format(" and {} more", peer.allowed_ips.size() - count);
  }
  return text;
}

Json PeerRow(const StatusReport& report, const PeerStatus& peer) {
  return Json::array({report.interface_name, peer.name, KeyToBase64(peer.public_key),
                      peer.endpoint.has_value() ? peer.endpoint->ToString() : peer.endpoint_name,
                      AllowedText(peer), HandshakeOf(peer), peer.receive_bytes, peer.transmit_bytes,
                      peer.attempts.any() ? WhyNoHandshake(report, peer) : std::string()});
}

}  // namespace

std::string PageSummaryJson(std::span<const InterfaceStatus> interfaces, const PageHistory& history,
                            absl::Time now) {
  Json json;
  json["now_ms"] = absl::ToUnixMillis(now);
  json["span_s"] = absl::ToInt64Seconds(kPageHistorySpan);
  Json list = Json::array();
  for (const InterfaceStatus& one :
       interfaces.first(std::min(interfaces.size(), PageHistory::kInterfacesMax))) {
    list.push_back(SummaryOf(one, history));
  }
  json["interfaces"] = std::move(list);
  return DumpJson(json);
}

std::string PagePeersJson(std::span<const InterfaceStatus> interfaces, absl::Time now,
                          size_t peers_max) {
  size_t left_out = 0;
  Json peers = Json::array();
  for (const InterfaceStatus& one : interfaces) {
    if (!one.report.has_value()) continue;
    for (const PeerStatus& peer : one.report->device.peers) {
      if (peers.size() == peers_max) {
        ++left_out;
      } else {
        peers.push_back(PeerRow(*one.report, peer));
      }
    }
  }
  Json json;
  json["now_ms"] = absl::ToUnixMillis(now);
  json["left_out"] = left_out;
  json["peers"] = std::move(peers);
  return DumpJson(json);
}

}  // namespace ringwire::platform
