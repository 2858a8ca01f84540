#include "platform/observe/metrics_text.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "core/base/drop_reason.h"
#include "core/device/key_text.h"
#include "crypto/aead.h"
#include "fmt/format.h"
#include "platform/observe/health.h"
#include "platform/observe/show_fields.h"

namespace ringwire::platform {
namespace {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

class Writer {
 public:
  // Begins a metric; its samples follow.
  void Metric(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(Out(), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void Gauge(std::string_view name, std::string_view help) { Metric(name, "gauge", help); }
  void Counter(std::string_view name, std::string_view help) { Metric(name, "counter", help); }

  template <typename Number>
  void Sample(Labels labels, Number value) {
    text_ += name_;
    char before = '{';
    for (const auto& [label, text] : labels) {
      text_ += std::exchange(before, ',');
      text_ += label;
      text_ += "=\"";
      AppendEscaped(text);
      text_ += '"';
    }
    fmt::format_to(Out(), "{} {}\n", labels.size() == 0 ? "" : "}", value);
  }

  std::string Take() { return std::move(text_); }

 private:
  std::back_insert_iterator<std::string> Out() { return std::back_inserter(text_); }
  void AppendEscaped(std::string_view text) {
    for (const char c : text) {
      if (c == '\\' || c == '"') text_ += '\\';
      if (c == '\n') {
        text_ += "\\n";
      } else {
        text_ += c;
      }
    }
  }

  std::string name_;
  std::string text_;
};

bool IsOurReason(std::string_view name) {
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    if (name == DropReasonName(static_cast<DropReason>(i))) return true;
  }
  return false;
}

class Metrics {
 public:
  Metrics(std::span<const InterfaceStatus> interfaces, absl::Time now,
          const MetricsOptions& options)
      : interfaces_(interfaces), now_(now), options_(options) {}

  std::string Format(std::string_view version) {
    writer_.Gauge("ringwire_exporter_build_info", "The version of this exporter.");
    writer_.Sample({{"version", version}}, 1);
    AddServices();
    AddDevices();
    AddPeers();
    AddHandshakes();
    AddDrops();
    AddWorkers();
    AddWorkerLoad();
    AddOffloads();
    AddSandbox();
    return writer_.Take();
  }

 private:
  // Calls add(report) for each service that has answered.
  template <typename Add>
  void ForEach(Add add) {
    for (const InterfaceStatus& one : interfaces_) {
      if (one.report.has_value()) add(*one.report);
    }
  }
  // Calls add(report, peer, its key) for the peers that have series of their own.
  template <typename Add>
  void ForEachPeer(Add add) {
    ForEach([&](const StatusReport& report) {
      const size_t count = PeersShown(report);
      for (size_t i = 0; i < count; ++i) {
        const PeerStatus& peer = report.device.peers[i];
        add(report, peer, KeyToBase64(peer.public_key));
      }
    });
  }
  size_t PeersShown(const StatusReport& report) const {
    return std::min(report.device.peers.size(), options_.peers_max);
  }

  void AddServices();
  void AddDevices();
  void AddPeers();
  void AddPeerCounters();
  void AddHandshakes();
  void AddDrops();
  void AddWorkers();
  void AddWorkerLoad();
  void AddOffloads();
  void AddSandbox();

  const std::span<const InterfaceStatus> interfaces_;
  const absl::Time now_;
  const MetricsOptions options_;
  Writer writer_;
};

void Metrics::AddServices() {
  writer_.Gauge("ringwire_up", "Whether the interface's service answers.");
  for (const InterfaceStatus& one : interfaces_) {
    writer_.Sample({{"device", one.name}}, one.report.has_value() ? 1 : 0);
  }
  writer_.Gauge("ringwire_ready", "Whether the interface is set up, its link up, and not ending.");
  for (const InterfaceStatus& one : interfaces_) {
    const bool ready = one.report.has_value() && HealthOf(*one.report, now_).ready;
    writer_.Sample({{"device", one.name}}, ready ? 1 : 0);
  }
  writer_.Gauge("ringwire_build_info", "The version of the interface's service.");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}, {"version", report.version}}, 1);
  });
}

void Metrics::AddDevices() {
  writer_.Gauge("wireguard_device_info", "The interface and its public key.");
  ForEach([this](const StatusReport& report) {
    const std::string key = report.has_private_key ? KeyToBase64(report.device.public_key) : "";
    writer_.Sample({{"device", report.interface_name}, {"public_key", key}}, 1);
  });
  writer_.Gauge("ringwire_link_up", "Whether the interface's link is up.");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}}, report.link_up ? 1 : 0);
  });
  writer_.Gauge("ringwire_mtu_bytes", "The MTU of the interface.");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}}, report.mtu);
  });
  writer_.Gauge("ringwire_backend_info", "How the workers do their input and output.");
  ForEach([this](const StatusReport& report) {
    if (report.workers.empty()) return;
    writer_.Sample({{"device", report.interface_name}, {"backend", report.workers.front().backend}},
                   1);
  });
  writer_.Gauge("ringwire_aead_info", "The library of each cipher in use.");
  ForEach([this](const StatusReport& report) {
    for (size_t i = 0; i < crypto::kAeadSuiteCount; ++i) {
      if (report.aead_providers[i].empty()) continue;
      writer_.Sample({{"device", report.interface_name},
                      {"suite", crypto::AeadSuiteName(static_cast<crypto::AeadSuite>(i))},
                      {"provider", report.aead_providers[i]}},
                     1);
    }
  });
}

void Metrics::AddPeers() {
  writer_.Gauge("ringwire_peers", "The number of peers.");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}}, report.device.peers.size());
  });
  writer_.Gauge("ringwire_peers_with_session", "Peers whose session can carry packets.");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}}, CountSessions(report, now_));
  });
  writer_.Gauge("ringwire_peers_left_out", "Peers without series of their own (--peers=all).");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}},
                   report.device.peers.size() - PeersShown(report));
  });
  writer_.Gauge("wireguard_peer_info", "The peer's endpoint and name.");
  ForEachPeer([this](const StatusReport& report, const PeerStatus& peer, const std::string& key) {
    const std::string endpoint =
        peer.endpoint.has_value() ? peer.endpoint->ToString() : peer.endpoint_name;
    writer_.Sample({{"device", report.interface_name},
                    {"public_key", key},
                    {"endpoint", endpoint},
                    {"name", peer.name}},
                   1);
  });
  writer_.Gauge("wireguard_peer_allowed_ips_info", "The allowed IPs of the peer.");
  ForEachPeer([this](const StatusReport& report, const PeerStatus& peer, const std::string& key) {
    for (const Prefix& prefix : peer.allowed_ips) {
      writer_.Sample({{"device", report.interface_name},
                      {"public_key", key},
                      {"allowed_ips", prefix.ToString()},
                      {"family", prefix.address.family == IpFamily::kV4 ? "IPv4" : "IPv6"}},
                     1);
    }
  });
  AddPeerCounters();
}

void Metrics::AddPeerCounters() {
  writer_.Counter("wireguard_peer_receive_bytes_total", "Bytes received from the peer.");
  ForEachPeer([this](const StatusReport& report, const PeerStatus& peer, const std::string& key) {
    writer_.Sample({{"device", report.interface_name}, {"public_key", key}}, peer.receive_bytes);
  });
  writer_.Counter("wireguard_peer_transmit_bytes_total", "Bytes sent to the peer.");
  ForEachPeer([this](const StatusReport& report, const PeerStatus& peer, const std::string& key) {
    writer_.Sample({{"device", report.interface_name}, {"public_key", key}}, peer.transmit_bytes);
  });
  writer_.Gauge("wireguard_peer_last_handshake_seconds",
                "Unix time of the last handshake with the peer; 0: none.");
  ForEachPeer([this](const StatusReport& report, const PeerStatus& peer, const std::string& key) {
    writer_.Sample({{"device", report.interface_name}, {"public_key", key}}, HandshakeOf(peer));
  });
  writer_.Gauge("ringwire_peer_unanswered_initiations",
                "Initiations since the last session that the peer has not answered.");
  ForEachPeer([this](const StatusReport& report, const PeerStatus& peer, const std::string& key) {
    writer_.Sample({{"device", report.interface_name}, {"public_key", key}},
                   peer.attempts.initiations);
  });
  writer_.Gauge("ringwire_peer_path_mtu_bytes",
                "The MTU of the path to the peer, if it is below the interface's; 0: it is not.");
  ForEachPeer([this](const StatusReport& report, const PeerStatus& peer, const std::string& key) {
    writer_.Sample({{"device", report.interface_name}, {"public_key", key}}, peer.path_mtu);
  });
}

void Metrics::AddHandshakes() {
  writer_.Counter("ringwire_handshakes_total", "Handshakes by role, suite and result.");
  const auto add = [this](const StatusReport& report, std::string_view role,
                          const HandshakeCounts::Role& counts) {
    for (size_t i = 0; i < crypto::kAeadSuiteCount; ++i) {
      const std::string_view suite = crypto::AeadSuiteName(static_cast<crypto::AeadSuite>(i));
      for (const auto& [result, count] :
           {std::pair<std::string_view, uint64_t>{"started", counts.started[i]},
            std::pair<std::string_view, uint64_t>{"completed", counts.completed[i]}}) {
        writer_.Sample({{"device", report.interface_name},
                        {"role", role},
                        {"suite", suite},
                        {"result", result}},
                       count);
      }
    }
  };
  ForEach([&add](const StatusReport& report) {
    add(report, "initiator", report.device.handshakes.initiator);
    add(report, "responder", report.device.handshakes.responder);
  });
  writer_.Counter("ringwire_stray_initiations_total", "Initiations that fit no key of ours.");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}, {"kind", "other_server_key"}},
                   report.device.other_server_key.count);
    writer_.Sample({{"device", report.interface_name}, {"kind", "unknown_key"}},
                   report.device.unknown_key.count);
  });
}

// A reason of ours that has dropped nothing yet has a series as well: a rate needs its first value.
// Reasons of the kernel, and of another version, come behind.
void Metrics::AddDrops() {
  writer_.Counter("ringwire_drops_total", "Packets dropped, by reason (docs/counters.md).");
  ForEach([this](const StatusReport& report) {
    for (size_t i = 0; i < kDropReasonCount; ++i) {
      const std::string_view reason = DropReasonName(static_cast<DropReason>(i));
      const auto found = std::ranges::find(report.drops, reason, &NamedCounts::value_type::first);
      writer_.Sample({{"device", report.interface_name}, {"reason", reason}},
                     found == report.drops.end() ? uint64_t{0} : found->second);
    }
    for (const auto& [reason, count] : report.drops) {
      if (IsOurReason(reason)) continue;
      writer_.Sample({{"device", report.interface_name}, {"reason", reason}}, count);
    }
  });
}

void Metrics::AddWorkers() {
  const auto first = std::ranges::find_if(interfaces_, [](const InterfaceStatus& one) {
    return one.report.has_value() && !one.report->workers.empty();
  });
  if (first == interfaces_.end()) return;
  const NamedCounts& counters = first->report->workers.front().counts;
  for (const auto& [counter, unused] : counters) {
    writer_.Counter(fmt::format("ringwire_worker_{}_total", counter),
                    "A count of a worker (docs/counters.md).");
    ForEach([&, name = std::string_view(counter)](const StatusReport& report) {
      for (const WorkerReport& worker : report.workers) {
        const auto found = std::ranges::find(worker.counts, name, &NamedCounts::value_type::first);
        if (found == worker.counts.end()) continue;
        writer_.Sample(
            {{"device", report.interface_name}, {"worker", fmt::to_string(worker.index)}},
            found->second);
      }
    });
  }
}

void Metrics::AddWorkerLoad() {
  writer_.Counter("ringwire_worker_cpu_seconds_total",
                  "CPU time that the worker's thread has used.");
  ForEach([this](const StatusReport& report) {
    for (const WorkerReport& worker : report.workers) {
      writer_.Sample({{"device", report.interface_name}, {"worker", fmt::to_string(worker.index)}},
                     static_cast<double>(worker.cpu_us) / 1e6);
    }
  });
}

void Metrics::AddOffloads() {
  writer_.Gauge("ringwire_offload_info", "The state of each offload, and why it is not in use.");
  ForEach([this](const StatusReport& report) {
    for (const OffloadReport& offload : report.offloads) {
      writer_.Sample({{"device", report.interface_name},
                      {"offload", offload.name},
                      {"state", offload.state},
                      {"why", offload.why}},
                     1);
    }
  });
  writer_.Counter("ringwire_offload_failures_total",
                  "Failures of an offload, after which it is off.");
  ForEach([this](const StatusReport& report) {
    for (const OffloadReport& offload : report.offloads) {
      writer_.Sample({{"device", report.interface_name}, {"offload", offload.name}}, offload.falls);
    }
  });
}

void Metrics::AddSandbox() {
  writer_.Counter("ringwire_sandbox_refused_calls_total", "System calls that the sandbox refused.");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}}, report.sandbox.refused_calls);
  });
  writer_.Gauge("ringwire_sandbox_missing_walls", "Walls that this system cannot give.");
  ForEach([this](const StatusReport& report) {
    writer_.Sample({{"device", report.interface_name}}, report.sandbox.missing_walls.size());
  });
}

}  // namespace

std::string FormatMetrics(std::span<const InterfaceStatus> interfaces, std::string_view version,
                          absl::Time now, const MetricsOptions& options) {
  return Metrics(interfaces, now, options).Format(version);
}

}  // namespace ringwire::platform
