#include "platform/supervisor/tunnel_names.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/instant.h"
#include "platform/base/clock.h"
#include "platform/base/end_signals.h"
#include "platform/base/message_of.h"
#include "platform/names/name_servers.h"
#include "platform/names/resolver_client.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {

TunnelNames::TunnelNames(std::string interface, std::string known_names_path)
    : TunnelNames(std::move(interface), std::move(known_names_path),
                  [resolver = std::make_shared<ResolverClient>()](const NameQuestion& question) {
                    return resolver->LookUp(question);
                  }) {}

TunnelNames::TunnelNames(std::string interface, std::string known_names_path, NameCache::Ask ask)
    : interface_(std::move(interface)),
      path_(std::move(known_names_path)),
      source_(std::make_shared<NameCache>(std::move(ask))),
      resolver_([source = source_](const std::string& host) { return source->LookUp(host); }) {}

void TunnelNames::Load() {
  servers_ = ReadNameServers();
  saved_ = LoadKnownNames(path_);
  source_->SetKnown(saved_);
}

// If the tunnel sets name servers of its own, the host's other ones are asked, because the tunnel
// needs the answers: the present ones, as this host may have moved to another network, else those
// from before. Nothing blocks queries beside a tunnel in another network namespace.
void TunnelNames::SetRules(const InForce& in_force, bool switch_in_force) {
  NameCache::Rules rules;
  const Plan& plan = in_force.plan;
  if (!plan.network_namespace.empty()) {
    source_->SetRules(std::move(rules));
    return;
  }
  const KillSwitch& wanted = in_force.config.gateway.kill_switch;
  rules.may_ask = !switch_in_force || !wanted.on || wanted.dns;
  if (plan.marks_questions) rules.mark = plan.fwmark;
  for (const Step& step : plan.steps) {
    const auto* const dns =
        step.apply.has_value() ? std::get_if<action::SetDns>(&*step.apply) : nullptr;
    if (dns == nullptr) continue;
    rules.servers = servers_;
    if (dns->program == DnsProgram::kResolvconf) rules.tunnel.record = dns->record;
    for (const NameServer& server : in_force.config.dns.servers) {
      rules.tunnel.addresses.push_back(server.address);
    }
  }
  source_->SetRules(std::move(rules));
}

absl::Status TunnelNames::Follow(const ConfigFile& config, const std::string& path) {
  return names_.Follow(config, path);
}

bool TunnelNames::WaitForAll(const ConfigFile& config) {
  const UniqueFd signals = OpenEndSignals();
  const Instant deadline = BootNow() + kStartPatience;
  while (!resolver_.AllTried()) {
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - BootNow());
    if (left_ms <= 0) break;
    std::array<pollfd, 2> wait{{{signals.get(), POLLIN, 0}, {resolver_.fd(), POLLIN, 0}}};
    ::poll(wait.data(), wait.size(), static_cast<int>(left_ms));
    if (wait[0].revents != 0) {
      signalfd_siginfo signal{};  // taken, so that it does not end the hooks of going down
      [[maybe_unused]] const ssize_t size = ::read(signals.get(), &signal, sizeof(signal));
      spdlog::info("{}: stopping on a signal", interface_);
      return false;
    }
    names_.TakeAnswers(nullptr);
  }
  names_.TakeAnswers(nullptr);
  if (!resolver_.AllTried()) WarnOfUnknown(config);
  return true;
}

// The resolver's own words would come too late for a caller who waits for the start.
void TunnelNames::WarnOfUnknown(const ConfigFile& config) const {
  const auto endpoints = names_.EndpointsOf(config);
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const PeerConfig& peer = config.peers[i];
    if (!peer.endpoint.has_value() || endpoints[i].has_value()) continue;
    spdlog::warn("{}: the endpoint {} is not found yet; ringwire goes on looking", interface_,
                 peer.endpoint->host);
  }
}

void TunnelNames::Save(const Plan& plan) {
  const KnownNames& known = names_.known();
  const bool asks_itself = plan.marks_questions && plan.network_namespace.empty();
  if (!asks_itself || known.empty() || known == saved_) return;
  saved_ = known;
  source_->SetKnown(known);
  const absl::Status status = SaveKnownNames(path_, known);
  if (!status.ok()) spdlog::debug("{}: {}", interface_, MessageOf(status));
}

void TunnelNames::RemoveSaved() { ::unlink(path_.c_str()); }

}  // namespace ringwire::platform
