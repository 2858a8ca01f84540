#include "platform/observe/status_events.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/device/key_text.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "platform/observe/health.h"

namespace ringwire::platform {
namespace {

std::string EndpointTextOf(const PeerStatus& peer) {
  return peer.endpoint.has_value() ? peer.endpoint->ToString() : std::string();
}

// Collects what differs between two reports of one interface.
class Comparison {
 public:
  Comparison(const StatusReport& before, absl::Time then, const StatusReport& after, absl::Time now)
      : before_(before), then_(then), after_(after), now_(now) {}

  std::vector<StatusEvent> Events() {
    CompareService();
    ComparePeers();
    CompareOffloads();
    if (CookieReplies(after_) > CookieReplies(before_)) AddOfDevice("under_load");
    return std::move(events_);
  }

 private:
  void AddOfDevice(std::string_view event, std::string detail = {}) {
    events_.push_back({event, after_.interface_name, {}, {}, std::move(detail)});
  }
  void AddOfPeer(std::string_view event, const PeerStatus& peer) {
    events_.push_back({event, after_.interface_name, KeyToBase64(peer.public_key), peer.name,
                       EndpointTextOf(peer)});
  }

  void CompareService();
  void ComparePeers();
  void ComparePeer(const PeerStatus& before, const PeerStatus& after);
  void CompareOffloads();
  static uint64_t CookieReplies(const StatusReport& report);

  const StatusReport& before_;
  const absl::Time then_;
  const StatusReport& after_;
  const absl::Time now_;
  std::vector<StatusEvent> events_;
};

void Comparison::CompareService() {
  if (before_.stage != after_.stage && after_.stage == ServiceStage::kReady) {
    AddOfDevice("service_ready");
  }
  if (before_.stage != after_.stage && after_.stage == ServiceStage::kDraining) {
    AddOfDevice("service_draining");
  }
  if (before_.link_up != after_.link_up) AddOfDevice(after_.link_up ? "link_up" : "link_down");
}

void Comparison::ComparePeers() {
  absl::flat_hash_map<crypto::PublicKey, const PeerStatus*> known;
  for (const PeerStatus& peer : before_.device.peers) known[peer.public_key] = &peer;
  for (const PeerStatus& peer : after_.device.peers) {
    const auto found = known.find(peer.public_key);
    if (found == known.end()) {
      AddOfPeer("peer_added", peer);
      ComparePeer(PeerStatus(), peer);
      continue;
    }
    ComparePeer(*found->second, peer);
    known.erase(found);
  }
  // In the order of the report.
  for (const PeerStatus& peer : before_.device.peers) {
    if (known.contains(peer.public_key)) AddOfPeer("peer_removed", peer);
  }
}

void Comparison::ComparePeer(const PeerStatus& before, const PeerStatus& after) {
  const bool had_session = HasSession(before, then_);
  const bool has_session = HasSession(after, now_);
  if (!had_session && has_session) AddOfPeer("peer_connected", after);
  if (had_session && !has_session) AddOfPeer("peer_silent", after);
  if (before.endpoint.has_value() && after.endpoint != before.endpoint)
    AddOfPeer("peer_roamed", after);
}

void Comparison::CompareOffloads() {
  for (const OffloadReport& offload : after_.offloads) {
    const auto earlier = std::ranges::find(before_.offloads, offload.name, &OffloadReport::name);
    if (earlier == before_.offloads.end() || earlier->falls >= offload.falls) continue;
    AddOfDevice("offload_failed", fmt::format("{}: {}", offload.name, offload.why));
  }
}

uint64_t Comparison::CookieReplies(const StatusReport& report) {
  uint64_t total = 0;
  for (const WorkerReport& worker : report.workers) {
    for (const auto& [name, count] : worker.counts) {
      if (name == "cookie_replies_sent") total += count;
    }
  }
  return total;
}

}  // namespace

std::vector<StatusEvent> EventsBetween(const std::optional<StatusReport>& before, absl::Time then,
                                       const std::optional<StatusReport>& after, absl::Time now) {
  if (before.has_value() && after.has_value()) {
    return Comparison(*before, then, *after, now).Events();
  }
  if (after.has_value()) {
    StatusReport begun = *after;  // as it was at its start: not ready, and without a session
    begun.stage = ServiceStage::kStarting;
    for (PeerStatus& peer : begun.device.peers) peer.last_handshake.reset();
    std::vector<StatusEvent> events = {{"service_up", after->interface_name, {}, {}, {}}};
    std::ranges::move(Comparison(begun, then, *after, now).Events(), std::back_inserter(events));
    return events;
  }
  if (before.has_value()) return {{"service_down", before->interface_name, {}, {}, {}}};
  return {};
}

std::string FormatEvent(const StatusEvent& event, absl::Time now, bool json) {
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone());
  if (!json) {
    std::string line = fmt::format("{} {} {}", time, event.device, event.event);
    for (const std::string& part : {event.name, event.peer, event.detail}) {
      if (!part.empty()) line += " " + part;
    }
    return line + "\n";
  }
  nlohmann::ordered_json object;
  object["time"] = time;
  object["device"] = event.device;
  object["event"] = event.event;
  if (!event.peer.empty()) object["peer"] = event.peer;
  if (!event.name.empty()) object["name"] = event.name;
  if (!event.detail.empty()) object["detail"] = event.detail;
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace ringwire::platform
