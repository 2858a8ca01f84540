#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <span>
#include <utility>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "platform/base/clock.h"
#include "platform/base/paths.h"
#include "platform/process/report_error.h"
#include "platform/relay/relay_bodies.h"
#include "platform/supervisor/supervisor.h"
#include "spdlog/spdlog.h"

// What the supervisor does for the names of endpoints.
namespace ringwire::platform {
namespace {

// How long the start waits for names: with an endpoint from the beginning no packet is lost, and no
// service waits for a resolver that is out of reach.
constexpr absl::Duration kNamesWait = absl::Seconds(5);

}  // namespace

// Where the tunnel has set name servers of its own, those of before are asked. Beside a tunnel in
// another network namespace nothing stands in the way of questions.
void Supervisor::SetNameRules(bool switch_in_force) {
  NameSource::Rules rules;
  if (!plan_.network_namespace.empty()) {
    name_source_->SetRules(std::move(rules));
    return;
  }
  const KillSwitch& wanted = loaded_.config.gateway.kill_switch;
  rules.may_ask = !switch_in_force || !wanted.on || wanted.dns;
  if (plan_.marks_questions) rules.mark = plan_.fwmark;
  const bool sets_dns = std::ranges::any_of(plan_.steps, [](const Step& step) {
    return step.apply.has_value() && std::holds_alternative<SetDns>(*step.apply);
  });
  if (sets_dns) rules.servers = name_servers_;
  name_source_->SetRules(std::move(rules));
}

// For who must do without asking: this process behind its kill switch, and the next one.
void Supervisor::SaveNames() {
  const KnownNames& known = names_.known();
  const bool asks_itself = plan_.marks_questions && plan_.network_namespace.empty();
  if (!asks_itself || known.empty() || known == saved_names_) return;
  saved_names_ = known;
  name_source_->SetKnown(known);
  const absl::Status status = SaveKnownNames(KnownNamesPath(name_), known);
  if (!status.ok()) spdlog::debug("{}: {}", name_, MessageOf(status));
}

void Supervisor::EndJournal() {
  if (journal_->entries().empty()) ::unlink(KnownNamesPath(name_).c_str());
  journal_->RemoveIfEmpty();
}

absl::StatusOr<bool> Supervisor::WaitForNames() {
  const absl::Status status = names_.Follow(loaded_.config, path_);
  if (!status.ok()) return status;
  const UniqueFd signals = OpenSignals({SIGTERM, SIGINT});
  const Instant deadline = BootNow() + kNamesWait;
  while (!resolver_.AllTried()) {
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - BootNow());
    if (left_ms <= 0) break;
    std::array<pollfd, 2> wait{{{signals.get(), POLLIN, 0}, {resolver_.fd(), POLLIN, 0}}};
    ::poll(wait.data(), wait.size(), static_cast<int>(left_ms));
    if (wait[0].revents != 0) {
      signalfd_siginfo signal{};  // taken, so that it does not end the hooks of going down
      [[maybe_unused]] const ssize_t size = ::read(signals.get(), &signal, sizeof(signal));
      spdlog::info("{}: stopping on a signal", name_);
      return false;
    }
    names_.TakeAnswers(nullptr);
  }
  names_.TakeAnswers(nullptr);
  if (!resolver_.AllTried()) WarnOfUnknownNames();
  return true;
}

// The resolver's own words would come too late for whoever waits for the start.
void Supervisor::WarnOfUnknownNames() {
  const auto endpoints = names_.EndpointsOf(loaded_.config);
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const PeerConfig& peer = loaded_.config.peers[i];
    if (!peer.endpoint.has_value() || endpoints[i].has_value()) continue;
    spdlog::warn("{}: the endpoint {} is not found yet; ringwire goes on looking", name_,
                 peer.endpoint->host);
  }
}

void Supervisor::TakeNames() {
  names_.TakeAnswers([this](std::span<const PeerUpdate> peers) {
    const absl::Status status =
        channel_->Send(RelayVerb::kEndpoints, EndpointsText(peers), end_signals_.get());
    if (!status.ok()) spdlog::warn("{}: set endpoints: {}", name_, MessageOf(status));
  });
  SaveNames();
}

}  // namespace ringwire::platform
