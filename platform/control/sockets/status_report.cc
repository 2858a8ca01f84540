#include "platform/control/sockets/status_report.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/drop_reason.h"
#include "core/base/status_macros.h"
#include "core/config/config_value.h"
#include "core/device/key_text.h"
#include "nlohmann/json.hpp"
#include "platform/base/format_version.h"
#include "platform/base/json_fields.h"

namespace ringwire::platform {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kStatusFormat = 1;  // the first release wrote none

// An absent value is an empty one: reports of other versions have other fields.
std::string TextOf(const Json& object, const char* key) {
  return TextIn(object, key).value_or(std::string());
}

template <typename Integer>
Integer NumberOf(const Json& object, const char* key) {
  return NumberIn<Integer>(object, key).value_or(0);
}

bool FlagOf(const Json& object, const char* key) { return FlagIn(object, key).value_or(false); }

const Json& ArrayOf(const Json& object, const char* key) {
  static const Json kEmpty = Json::array();
  const Json* const value = ListIn(object, key);
  return value != nullptr ? *value : kEmpty;
}

uint64_t MillisecondsOf(absl::Duration duration) {
  return static_cast<uint64_t>(std::max<int64_t>(0, absl::ToInt64Milliseconds(duration)));
}

Json CountsToJson(const NamedCounts& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

NamedCounts CountsFromJson(const Json* json) {
  NamedCounts counts;
  if (json == nullptr || !json->is_object()) return counts;
  for (const auto& [name, value] : json->items()) {
    if (value.is_number_unsigned()) counts.emplace_back(name, value.get<uint64_t>());
  }
  return counts;
}

// In another version's report: unknown values become the default.
TransportCipher CipherOf(const Json& json) {
  return ParseTransportCipher(TextOf(json, "transport_cipher")).value_or(TransportCipher::kAuto);
}

// Each with the name that it has in reports.
struct NamedHandshakeCount {
  const char* name;
  HandshakeCounts::Role HandshakeCounts::* role;
  std::array<uint64_t, crypto::kAeadSuiteCount> HandshakeCounts::Role::* result;
  crypto::AeadSuite suite;
};
using enum crypto::AeadSuite;
using Role = HandshakeCounts::Role;
constexpr NamedHandshakeCount kHandshakeCounts[] = {
    {"initiator_started_chacha20_poly1305", &HandshakeCounts::initiator, &Role::started,
     kChaCha20Poly1305},
    {"initiator_started_aes_256_gcm", &HandshakeCounts::initiator, &Role::started, kAes256Gcm},
    {"initiator_completed_chacha20_poly1305", &HandshakeCounts::initiator, &Role::completed,
     kChaCha20Poly1305},
    {"initiator_completed_aes_256_gcm", &HandshakeCounts::initiator, &Role::completed, kAes256Gcm},
    {"responder_started_chacha20_poly1305", &HandshakeCounts::responder, &Role::started,
     kChaCha20Poly1305},
    {"responder_started_aes_256_gcm", &HandshakeCounts::responder, &Role::started, kAes256Gcm},
    {"responder_completed_chacha20_poly1305", &HandshakeCounts::responder, &Role::completed,
     kChaCha20Poly1305},
    {"responder_completed_aes_256_gcm", &HandshakeCounts::responder, &Role::completed, kAes256Gcm},
};

HandshakeCounts HandshakesFromJson(const Json* json) {
  HandshakeCounts counts;
  if (json == nullptr) return counts;
  for (const NamedHandshakeCount& one : kHandshakeCounts) {
    (counts.*one.role.*one.result)[static_cast<size_t>(one.suite)] =
        NumberOf<uint64_t>(*json, one.name);
  }
  return counts;
}

constexpr const char* kSuiteKeys[crypto::kAeadSuiteCount] = {"chacha20_poly1305", "aes_256_gcm"};

Json ProvidersToJson(const StatusReport& report) {
  Json json = Json::object();
  for (size_t i = 0; i < crypto::kAeadSuiteCount; ++i) {
    if (!report.aead_providers[i].empty()) json[kSuiteKeys[i]] = report.aead_providers[i];
  }
  return json;
}

Json OffloadsToJson(const std::vector<OffloadReport>& offloads) {
  Json json = Json::object();
  for (const OffloadReport& offload : offloads) {
    Json& entry = json[offload.name];
    entry["state"] = offload.state;
    if (!offload.why.empty()) entry["why"] = offload.why;
    entry["falls"] = offload.falls;
  }
  return json;
}

void ProvidersFromJson(const Json* json, StatusReport* report) {
  if (json == nullptr) return;
  for (size_t i = 0; i < crypto::kAeadSuiteCount; ++i) {
    report->aead_providers[i] = TextOf(*json, kSuiteKeys[i]);
  }
}

std::vector<OffloadReport> OffloadsFromJson(const Json* json) {
  std::vector<OffloadReport> offloads;
  if (json == nullptr || !json->is_object()) return offloads;
  for (const auto& [name, entry] : json->items()) {
    offloads.push_back(
        {name, TextOf(entry, "state"), TextOf(entry, "why"), NumberOf<uint64_t>(entry, "falls")});
  }
  return offloads;
}

Json AttemptsToJson(const HandshakeAttempts& attempts) {
  Json json;
  json["initiations"] = attempts.initiations;
  json["duration_ms"] = MillisecondsOf(attempts.duration);
  json["responses"] = attempts.responses;
  json["misfits"] = attempts.misfits;
  return json;
}

HandshakeAttempts AttemptsFromJson(const Json* json) {
  if (json == nullptr) return {};
  return {NumberOf<uint32_t>(*json, "initiations"),
          absl::Milliseconds(NumberOf<int64_t>(*json, "duration_ms")),
          NumberOf<uint32_t>(*json, "responses"), NumberOf<uint32_t>(*json, "misfits")};
}

Json StraysToJson(const StrayInitiations& strays) {
  Json json;
  json["count"] = strays.count;
  json["last_from"] = strays.last_from.ToString();
  json["age_ms"] = MillisecondsOf(strays.age);
  return json;
}

StrayInitiations StraysFromJson(const Json* json) {
  if (json == nullptr) return {};
  const std::optional<SocketAddress> from = SocketAddress::Parse(TextOf(*json, "last_from"));
  if (!from.has_value()) return {};
  return {NumberOf<uint64_t>(*json, "count"), *from,
          absl::Milliseconds(NumberOf<int64_t>(*json, "age_ms"))};
}

// Initiations that fit nobody here. Nothing if there were none.
void StraysToJson(const DeviceStatus& device, Json* json) {
  if (device.other_server_key.count > 0) {
    (*json)["other_server_key"] = StraysToJson(device.other_server_key);
  }
  if (device.unknown_key.count > 0) {
    (*json)["unknown_key"] = StraysToJson(device.unknown_key);
    (*json)["unknown_key"]["public_key"] = KeyToBase64(device.last_unknown_key);
  }
}

void StraysFromJson(const Json& json, DeviceStatus* device) {
  device->other_server_key = StraysFromJson(MemberIn(json, "other_server_key"));
  const Json* const unknown = MemberIn(json, "unknown_key");
  if (unknown == nullptr ||
      !ParseKeyBase64(TextOf(*unknown, "public_key"), device->last_unknown_key))
    return;
  device->unknown_key = StraysFromJson(unknown);
}

Json PeerToJson(const PeerStatus& peer, bool has_preshared_key) {
  Json json;
  json["public_key"] = KeyToBase64(peer.public_key);
  if (!peer.name.empty()) json["name"] = peer.name;
  json["preshared_key"] = has_preshared_key;
  if (peer.endpoint.has_value()) json["endpoint"] = peer.endpoint->ToString();
  if (!peer.endpoint_name.empty()) json["endpoint_name"] = peer.endpoint_name;
  Json allowed_ips = Json::array();
  for (const Prefix& prefix : peer.allowed_ips) allowed_ips.push_back(prefix.ToString());
  json["allowed_ips"] = std::move(allowed_ips);
  if (peer.last_handshake.has_value()) {
    // Two numbers, each exact for readers that keep numbers as doubles.
    const int64_t seconds = absl::ToUnixSeconds(*peer.last_handshake);
    json["last_handshake_sec"] = static_cast<uint64_t>(seconds);
    json["last_handshake_nsec"] = static_cast<uint64_t>(
        absl::ToInt64Nanoseconds(*peer.last_handshake - absl::FromUnixSeconds(seconds)));
  }
  if (peer.attempts.any()) json["handshake_attempts"] = AttemptsToJson(peer.attempts);
  json["receive_bytes"] = peer.receive_bytes;
  json["transmit_bytes"] = peer.transmit_bytes;
  json["persistent_keepalive_seconds"] = peer.persistent_keepalive_seconds;
  json["transport_cipher"] = TransportCipherName(peer.transport_cipher);
  if (!peer.transport_suite.empty()) json["transport_suite"] = peer.transport_suite;
  if (peer.path_mtu != 0) json["path_mtu"] = peer.path_mtu;
  return json;
}

Json SandboxToJson(const SandboxReport& sandbox) {
  Json json;
  json["user"] = sandbox.user;
  json["missing"] = sandbox.missing_walls;
  json["refused_calls"] = sandbox.refused_calls;
  if (sandbox.last_refused_call >= 0) json["last_refused_call"] = sandbox.last_refused_call;
  return json;
}

SandboxReport SandboxFromJson(const Json* json) {
  SandboxReport sandbox;
  if (json == nullptr) return sandbox;
  sandbox.user = NumberOf<uint32_t>(*json, "user");
  for (const Json& line : ArrayOf(*json, "missing")) {
    if (line.is_string()) sandbox.missing_walls.push_back(line.get<std::string>());
  }
  sandbox.refused_calls = NumberOf<uint64_t>(*json, "refused_calls");
  if (MemberIn(*json, "last_refused_call") != nullptr) {
    sandbox.last_refused_call = NumberOf<int>(*json, "last_refused_call");
  }
  return sandbox;
}

bool PeerFromJson(const Json& json, StatusReport* report) {
  PeerStatus peer;
  if (!ParseKeyBase64(TextOf(json, "public_key"), peer.public_key)) return false;
  peer.name = TextOf(json, "name");
  peer.endpoint = SocketAddress::Parse(TextOf(json, "endpoint"));
  for (const Json& prefix : ArrayOf(json, "allowed_ips")) {
    if (!prefix.is_string()) return false;
    const std::optional<Prefix> parsed = Prefix::Parse(prefix.get<std::string>());
    if (!parsed.has_value()) return false;
    peer.allowed_ips.push_back(*parsed);
  }
  peer.endpoint_name = TextOf(json, "endpoint_name");
  peer.attempts = AttemptsFromJson(MemberIn(json, "handshake_attempts"));
  if (MemberIn(json, "last_handshake_sec") != nullptr) {
    peer.last_handshake = absl::FromUnixSeconds(NumberOf<int64_t>(json, "last_handshake_sec")) +
                          absl::Nanoseconds(NumberOf<int64_t>(json, "last_handshake_nsec"));
  } else if (const auto ns = NumberOf<uint64_t>(json, "last_handshake_ns"); ns != 0) {
    peer.last_handshake = absl::FromUnixNanos(static_cast<int64_t>(ns));  // of the first release
  }
  peer.receive_bytes = NumberOf<uint64_t>(json, "receive_bytes");
  peer.transmit_bytes = NumberOf<uint64_t>(json, "transmit_bytes");
  peer.persistent_keepalive_seconds = NumberOf<uint16_t>(json, "persistent_keepalive_seconds");
  peer.transport_cipher = CipherOf(json);
  peer.transport_suite = TextOf(json, "transport_suite");
  peer.path_mtu = NumberOf<uint32_t>(json, "path_mtu");
  report->has_preshared_key.push_back(FlagOf(json, "preshared_key"));
  report->device.peers.push_back(std::move(peer));
  return true;
}

absl::Status NoReport() {
  return absl::InvalidArgumentError("the answer is no report of a device's status");
}

// The first release had no stages.
ServiceStage StageOf(const Json& json) {
  const std::string text = TextIn(json, "stage").value_or("ready");
  for (const ServiceStage stage : {ServiceStage::kReady, ServiceStage::kDraining}) {
    if (text == ServiceStageName(stage)) return stage;
  }
  return ServiceStage::kStarting;
}

// Everything but the peers.
Json ReportToJson(const StatusReport& report) {
  const DeviceStatus& device = report.device;
  Json json;
  json["format"] = kStatusFormat;
  json["interface"] = report.interface_name;
  json["version"] = report.version;
  json["stage"] = ServiceStageName(report.stage);
  if (!report.network_namespace.empty()) json["network_namespace"] = report.network_namespace;
  json["aead_providers"] = ProvidersToJson(report);
  json["link_up"] = report.link_up;
  json["mtu"] = report.mtu;
  json["private_key"] = report.has_private_key;
  if (report.has_private_key) json["public_key"] = KeyToBase64(device.public_key);
  json["listen_port"] = device.listen_port;
  json["fwmark"] = device.fwmark;
  json["transport_cipher"] = TransportCipherName(device.transport_cipher);
  json["handshakes"] = CountsToJson(CountsOf(device.handshakes));
  StraysToJson(device, &json);
  json["peer_count"] = report.peer_count;
  Json workers = Json::array();
  for (const WorkerReport& worker : report.workers) {
    Json entry;
    entry["index"] = worker.index;
    entry["backend"] = worker.backend;
    entry["cpu_us"] = worker.cpu_us;
    entry["counts"] = CountsToJson(worker.counts);
    workers.push_back(std::move(entry));
  }
  json["offloads"] = OffloadsToJson(report.offloads);
  json["workers"] = std::move(workers);
  json["drops"] = CountsToJson(report.drops);
  json["sandbox"] = SandboxToJson(report.sandbox);
  return json;
}

// Names come from a configuration file: bytes that are not UTF-8 are replaced and do not throw.
std::string LineOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string_view ServiceStageName(ServiceStage stage) {
  switch (stage) {
    case ServiceStage::kStarting:
      return "starting";
    case ServiceStage::kReady:
      return "ready";
    case ServiceStage::kDraining:
      return "draining";
  }
  return {};
}

void SetDevice(DeviceStatus status, StatusReport* report) {
  report->has_private_key = status.private_key.has_value();
  report->device = std::move(status);
  report->device.private_key.reset();
  report->peer_count = report->device.peers.size();
  report->has_preshared_key.clear();
  for (PeerStatus& peer : report->device.peers) {
    report->has_preshared_key.push_back(!peer.preshared_key.IsZero());
    peer.preshared_key.Zero();
  }
}

std::array<std::string, crypto::kAeadSuiteCount> ProviderNames(
    const crypto::AeadProviders& providers, bool has_aes) {
  return {crypto::AeadProviderName(providers.of(kChaCha20Poly1305)),
          has_aes ? crypto::AeadProviderName(providers.of(kAes256Gcm)) : ""};
}

NamedCounts CountsOf(const HandshakeCounts& counts) {
  NamedCounts named;
  for (const NamedHandshakeCount& one : kHandshakeCounts) {
    named.emplace_back(one.name, (counts.*one.role.*one.result)[static_cast<size_t>(one.suite)]);
  }
  return named;
}

NamedCounts CountsOf(const WorkerCounters& counters) {
  NamedCounts named;
  counters.ForEach(
      [&named](std::string_view name, uint64_t value) { named.emplace_back(name, value); });
  return named;
}

NamedCounts DropsOf(const std::vector<const WorkerCounters*>& threads) {
  NamedCounts drops;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    uint64_t total = 0;
    for (const WorkerCounters* thread : threads) total += thread->Dropped(reason);
    if (total != 0) drops.emplace_back(DropReasonName(reason), total);
  }
  return drops;
}

StatusWriter::StatusWriter(StatusReport report, ListPeersFunction more)
    : report_(std::move(report)), peers_(std::move(report_.device.peers), std::move(more)) {}

// The peers come last, behind the rest of the object.
bool StatusWriter::Next(std::string* out, size_t about_bytes) {
  const size_t end = out->size() + about_bytes;
  if (!std::exchange(has_begun_, true)) {
    *out += LineOf(ReportToJson(report_));
    out->back() = ',';
    *out += R"("peers":[)";
  }
  while (out->size() < end) {
    const PeerStatus* const peer = peers_.Current();
    if (peer == nullptr) {
      *out += "]}";
      return false;
    }
    if (written_ > 0) *out += ',';
    // SetDevice has zeroed the keys of the report's own peers.
    const bool has_preshared_key = written_ < report_.has_preshared_key.size()
                                       ? report_.has_preshared_key[written_]
                                       : !peer->preshared_key.IsZero();
    *out += LineOf(PeerToJson(*peer, has_preshared_key));
    ++written_;
    peers_.Next();
  }
  return true;
}

std::string ToJson(StatusReport report) {
  std::string text;
  StatusWriter writer(std::move(report));
  while (writer.Next(&text, 64 * 1024)) continue;
  return text;
}

absl::StatusOr<StatusReport> ReportFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (MemberIn(json, "interface") == nullptr) return NoReport();
  StatusReport report;
  report.interface_name = TextOf(json, "interface");
  report.version = TextOf(json, "version");
  RETURN_IF_ERROR(CheckFormat(
      "the status of " + report.interface_name, NumberOf<uint64_t>(json, "format"), kStatusFormat,
      "use the `ringwire show` of version " + report.version + ", or `ringwire show --json`"));
  report.stage = StageOf(json);
  report.network_namespace = TextOf(json, "network_namespace");
  ProvidersFromJson(MemberIn(json, "aead_providers"), &report);
  report.link_up = FlagOf(json, "link_up");
  report.mtu = NumberOf<uint32_t>(json, "mtu");
  report.has_private_key = FlagOf(json, "private_key");
  if (report.has_private_key &&
      !ParseKeyBase64(TextOf(json, "public_key"), report.device.public_key)) {
    return NoReport();
  }
  report.device.listen_port = NumberOf<uint16_t>(json, "listen_port");
  report.device.fwmark = NumberOf<uint32_t>(json, "fwmark");
  report.device.transport_cipher = CipherOf(json);
  report.device.handshakes = HandshakesFromJson(MemberIn(json, "handshakes"));
  StraysFromJson(json, &report.device);
  for (const Json& peer : ArrayOf(json, "peers")) {
    if (!PeerFromJson(peer, &report)) return NoReport();
  }
  report.peer_count = NumberIn<size_t>(json, "peer_count").value_or(report.device.peers.size());
  for (const Json& entry : ArrayOf(json, "workers")) {
    WorkerReport worker;
    worker.index = NumberOf<size_t>(entry, "index");
    worker.backend = TextOf(entry, "backend");
    worker.cpu_us = NumberOf<uint64_t>(entry, "cpu_us");
    worker.counts = CountsFromJson(MemberIn(entry, "counts"));
    report.workers.push_back(std::move(worker));
  }
  report.offloads = OffloadsFromJson(MemberIn(json, "offloads"));
  report.drops = CountsFromJson(MemberIn(json, "drops"));
  report.sandbox = SandboxFromJson(MemberIn(json, "sandbox"));
  return report;
}

}  // namespace ringwire::platform
