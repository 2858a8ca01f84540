#include "platform/app/show_text.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/config/config_value.h"
#include "core/device/key_text.h"
#include "fmt/format.h"
#include "platform/observe/show_fields.h"
#include "platform/observe/why_no_handshake.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kGreenBold = "\x1b[32m\x1b[1m";
constexpr std::string_view kYellowBold = "\x1b[33m\x1b[1m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";

// Writes "label: value" lines.
class Lines {
 public:
  Lines(bool colour, size_t width) : colour_(colour), width_(width) {}

  void Heading(std::string_view style, std::string_view label, std::string_view value) {
    text_ += fmt::format("{}: {}\n", Styled(style, label), Styled(style, value));
  }
  void Field(std::string_view label, std::string_view value) {
    text_ += fmt::format("  {}: ", Styled(kBold, label));
    AppendBroken(value, kIndent + label.size() + 2);
  }
  void Empty() { text_ += '\n'; }
  std::string Take() { return std::move(text_); }

 private:
  static constexpr size_t kIndent = 2;

  // Breaks between words where the terminal ends. `column`: where the text begins.
  void AppendBroken(std::string_view text, size_t column) {
    while (width_ > 0 && column + text.size() > width_) {
      size_t end = text.rfind(' ', width_ > column ? width_ - column : 0);
      if (end == std::string_view::npos || end == 0) end = text.find(' ', 1);
      if (end == std::string_view::npos) break;
      text_ += text.substr(0, end);
      text_ += "\n    ";
      column = 2 * kIndent;
      text.remove_prefix(end + 1);
    }
    text_ += text;
    text_ += '\n';
  }

  std::string Styled(std::string_view style, std::string_view text) const {
    if (!colour_) return std::string(text);
    return fmt::format("{}{}{}", style, text, kReset);
  }

  const bool colour_;
  const size_t width_;
  std::string text_;
};

std::string JoinProviders(const StatusReport& report) {
  std::string text;
  for (size_t i = 0; i < crypto::kAeadSuiteCount; ++i) {
    const std::string& provider = report.aead_providers[i];
    if (provider.empty()) continue;
    text += fmt::format("{}{} by {}", text.empty() ? "" : ", ",
                        crypto::AeadSuiteName(static_cast<crypto::AeadSuite>(i)), provider);
  }
  return text;
}

std::string JoinCounts(const NamedCounts& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    if (count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  }
  return text;
}

void AppendPeer(const StatusReport& report, size_t index, absl::Time now, Lines* lines) {
  const PeerStatus& peer = report.device.peers[index];
  lines->Empty();
  const std::string key = KeyToBase64(peer.public_key);
  lines->Heading(kYellowBold, "peer", peer.name.empty() ? key : peer.name);
  if (!peer.name.empty()) lines->Field("public key", key);
  if (report.has_preshared_key[index]) lines->Field("preshared key", "(hidden)");
  if (peer.endpoint.has_value()) {
    lines->Field("endpoint", peer.endpoint->ToString());
  } else if (!peer.endpoint_name.empty()) {
    lines->Field("endpoint", peer.endpoint_name + " (no address is known)");
  }
  lines->Field("allowed ips", AllowedIpsOf(peer, ", "));
  lines->Field("latest handshake",
               peer.last_handshake.has_value() ? FormatAgo(*peer.last_handshake, now) : "never");
  const std::string why = WhyNoHandshake(report, peer);
  if (!why.empty()) lines->Field("no handshake", why);
  if (peer.receive_bytes != 0 || peer.transmit_bytes != 0) {
    lines->Field("transfer", fmt::format("{} received, {} sent", FormatBytes(peer.receive_bytes),
                                         FormatBytes(peer.transmit_bytes)));
  }
  if (peer.persistent_keepalive_seconds != 0) {
    const int seconds = peer.persistent_keepalive_seconds;
    lines->Field("persistent keepalive",
                 fmt::format("every {} second{}", seconds, seconds == 1 ? "" : "s"));
  }
  if (!peer.transport_suite.empty()) lines->Field("suite", peer.transport_suite);
  if (peer.path_mtu != 0) {
    lines->Field("path mtu", fmt::format("{} (narrower than the interface's)", peer.path_mtu));
  }
  if (peer.transport_cipher != TransportCipher::kAuto) {
    lines->Field("transport cipher", TransportCipherName(peer.transport_cipher));
  }
}

// Those in use in one line, then one line for each of which there is more to say.
void AppendOffloads(const std::vector<OffloadReport>& offloads, Lines* lines) {
  std::string in_use;
  for (const OffloadReport& offload : offloads) {
    if (offload.state != "on") continue;
    in_use += (in_use.empty() ? "" : ", ") + offload.name;
  }
  if (!offloads.empty()) lines->Field("offloads", in_use.empty() ? "(none)" : in_use);
  for (const OffloadReport& offload : offloads) {
    const bool on = offload.state == "on";
    if (on && offload.why.empty() && offload.falls == 0) continue;
    std::string text = offload.state;
    if (!offload.why.empty()) text += (on ? ", " : ": ") + offload.why;
    if (offload.falls > 0) {
      text += fmt::format(", failed {} time{}", offload.falls, offload.falls == 1 ? "" : "s");
    }
    lines->Field("offload " + offload.name, text);
  }
}

bool HasText(std::string_view text, std::string_view wanted) {
  const auto same = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  return !std::ranges::search(text, wanted, same).empty();
}

bool Matches(const PeerStatus& peer, const std::string& filter) {
  if (filter.empty() || HasText(peer.name, filter)) return true;
  if (KeyToBase64(peer.public_key).find(filter) != std::string::npos) return true;
  if (peer.endpoint.has_value() && HasText(peer.endpoint->ToString(), filter)) return true;
  return HasText(peer.endpoint_name, filter) || HasText(AllowedIpsOf(peer, ", "), filter);
}

// Whether `a` comes before `b`; equal ones stay in the order of the report.
bool IsBefore(const PeerStatus& a, const PeerStatus& b, ShowSort sort) {
  switch (sort) {
    case ShowSort::kHandshake:
      return a.last_handshake.value_or(absl::InfinitePast()) >
             b.last_handshake.value_or(absl::InfinitePast());
    case ShowSort::kName:
      return std::tuple(a.name.empty(), a.name, a.public_key) <
             std::tuple(b.name.empty(), b.name, b.public_key);
    case ShowSort::kTraffic:
      return a.receive_bytes + a.transmit_bytes > b.receive_bytes + b.transmit_bytes;
    case ShowSort::kEndpoint:
      return std::tuple(!a.endpoint.has_value(), a.endpoint) <
             std::tuple(!b.endpoint.has_value(), b.endpoint);
  }
  return false;
}

// The places in the report of the peers to show, in order.
std::vector<size_t> PeersToShow(const std::vector<PeerStatus>& peers, const ShowOptions& options) {
  std::vector<size_t> order;
  for (size_t i = 0; i < peers.size(); ++i) {
    if (Matches(peers[i], options.filter)) order.push_back(i);
  }
  std::ranges::sort(order, [&](size_t a, size_t b) {
    if (IsBefore(peers[a], peers[b], options.sort)) return true;
    return a < b && !IsBefore(peers[b], peers[a], options.sort);
  });
  return order;
}

void AppendWorkers(const StatusReport& report, Lines* lines) {
  AppendOffloads(report.offloads, lines);
  for (const WorkerReport& worker : report.workers) {
    const std::string counts = JoinCounts(worker.counts);
    if (!counts.empty()) lines->Field(fmt::format("worker {}", worker.index), counts);
  }
}

void AppendSandbox(const SandboxReport& sandbox, Lines* lines) {
  for (const std::string& missing : sandbox.missing_walls) lines->Field("sandbox", missing);
  if (sandbox.refused_calls == 0) return;
  lines->Field("refused system calls", fmt::format("{} (the last one: {})", sandbox.refused_calls,
                                                   sandbox.last_refused_call));
}

}  // namespace

std::string FormatBytes(uint64_t bytes) {
  constexpr uint64_t kKibi = 1024;
  if (bytes < kKibi) return fmt::format("{} B", bytes);
  uint64_t unit = kKibi;
  std::string_view name = "KiB";
  for (const std::string_view larger : {"MiB", "GiB", "TiB"}) {
    if (bytes / unit < kKibi) break;
    unit *= kKibi;
    name = larger;
  }
  return fmt::format("{:.2f} {}", static_cast<double>(bytes) / static_cast<double>(unit), name);
}

std::string FormatAgo(absl::Time then, absl::Time now) {
  int64_t seconds = absl::ToUnixSeconds(now) - absl::ToUnixSeconds(then);
  if (seconds == 0) return "Now";
  if (seconds < 0) return "(System clock wound backward; connection problems may ensue.)";
  constexpr std::pair<int64_t, std::string_view> kUnits[] = {
      {365 * 24 * 3600, "year"}, {24 * 3600, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  std::string text;
  for (const auto& [unit, name] : kUnits) {
    const int64_t count = seconds / unit;
    seconds %= unit;
    if (count == 0) continue;
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, name, count == 1 ? "" : "s");
  }
  return text + " ago";
}

std::string FormatShow(const StatusReport& report, absl::Time now, const ShowOptions& options) {
  Lines lines(options.colour, options.width);
  const DeviceStatus& device = report.device;
  lines.Heading(kGreenBold, "interface", report.interface_name);
  if (report.has_private_key) {
    lines.Field("public key", KeyToBase64(device.public_key));
    lines.Field("private key", "(hidden)");
  }
  if (device.listen_port != 0) lines.Field("listening port", fmt::to_string(device.listen_port));
  if (device.fwmark != 0) lines.Field("fwmark", fmt::format("{:#x}", device.fwmark));
  for (const size_t i : PeersToShow(device.peers, options)) {
    AppendPeer(report, i, now, &lines);
  }
  lines.Empty();
  lines.Heading(kGreenBold, "ringwire", report.version);
  lines.Field("link", fmt::format("{}, mtu {}", report.link_up ? "up" : "down", report.mtu));
  if (!options.access.empty()) lines.Field("access", options.access);
  if (!report.network_namespace.empty()) lines.Field("namespace", report.network_namespace);
  if (device.transport_cipher != TransportCipher::kAuto) {
    lines.Field("transport cipher", TransportCipherName(device.transport_cipher));
  }
  const std::string providers = JoinProviders(report);
  if (!providers.empty()) lines.Field("aead", providers);
  const std::string handshakes = JoinCounts(CountsOf(device.handshakes));
  if (!handshakes.empty()) lines.Field("handshakes", handshakes);
  const std::string backend = report.workers.empty() ? "" : report.workers.front().backend;
  lines.Field("workers", fmt::format("{} ({})", report.workers.size(), backend));
  if (options.workers) AppendWorkers(report, &lines);
  const std::string drops = JoinCounts(report.drops);
  if (!drops.empty()) lines.Field("drops", drops);
  AppendSandbox(report.sandbox, &lines);
  return lines.Take();
}

}  // namespace ringwire::platform
