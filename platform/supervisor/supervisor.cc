#include "platform/supervisor/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <utility>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/end_signals.h"
#include "platform/base/paths.h"
#include "platform/base/wait_child.h"
#include "platform/gateway/firewall/foreign_firewall.h"
#include "platform/gateway/host/apply.h"
#include "platform/gateway/host/gather_facts.h"
#include "platform/gateway/host/host_lock.h"
#include "platform/gateway/host/path_mtu.h"
#include "platform/gateway/plan/plan_kill_switch.h"
#include "platform/gateway/plan/step_index.h"
#include "platform/names/name_servers.h"
#include "platform/process/privileges.h"
#include "platform/process/report_error.h"
#include "platform/relay/relay_bodies.h"
#include "platform/supervisor/interface_owner.h"
#include "platform/supervisor/predecessor_cleanup.h"
#include "spdlog/spdlog.h"

// Start, end and what comes in between; reloads are in supervisor_reload.cc, what root
// asks on the admin socket in supervisor_requests.cc.
namespace ringwire::platform {
namespace {

// A relay proves its ciphers and offloads first, which takes a slow machine seconds.
constexpr absl::Duration kStartPatience = absl::Minutes(2);

// What keeps traffic in where the tunnel was cannot be taken over somewhere else, and only going
// down opens.
absl::Status CheckNotMoved(const Journal& journal, const ConfigFile& config,
                           const std::string& interface) {
  const std::string& before = journal.network_namespace();
  if (before == config.gateway.network_namespace) return absl::OkStatus();
  const bool keeps_in = std::ranges::any_of(journal.entries(), [](const Journal::Entry& entry) {
    return entry.stays_after_crash && !std::holds_alternative<DeleteNamespace>(entry.undo);
  });
  if (!keeps_in) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "cannot start {}: a killed instance still blocks traffic in {}, and Namespace has changed "
      "since; run `ringwire down {}` first",
      interface, before.empty() ? "this network namespace" : "the network namespace " + before,
      interface));
}

}  // namespace

Supervisor::Supervisor(DeviceFlags flags, ConfigSource loaded)
    : flags_(std::move(flags)),
      name_(loaded.interface_name),
      path_(loaded.path),
      loaded_(std::move(loaded)),
      end_signals_(OpenEndSignals()) {}

absl::Status Supervisor::OpenJournal() {
  absl::StatusOr<Journal> journal = Journal::Open(kStatusDirectory, name_);
  if (!journal.ok()) return journal.status();
  journal_.emplace(*std::move(journal));
  absl::StatusOr<Host> host =
      Host::Open(name_, {[this] { return StartRelay(); }, [this] { return StopRelay(); }});
  if (!host.ok()) return host.status();
  host_.emplace(*std::move(host));
  end_listener_ = EndListener(name_);
  return absl::OkStatus();
}

// What keeps traffic from leaving outside of the tunnel stays until the new tunnel stands. The
// error: it is left as it is, and nothing can start.
absl::Status Supervisor::UndoPredecessor() {
  if (journal_->entries().empty()) return absl::OkStatus();
  absl::Status status = CheckNetworkOf(*journal_, name_);
  if (absl::IsFailedPrecondition(status)) return status;
  // A service that restarts in a new network namespace, as a container does, must not depend on
  // anybody who deletes a file.
  const bool lost = absl::IsNotFound(status);
  if (lost) {
    spdlog::warn("{}: what a predecessor has changed in another network namespace is forgotten",
                 name_);
    host_->set_namespace_gone();
  } else {
    spdlog::info("{}: what a predecessor has left behind is undone", name_);
    status = EnterNamespaceOf(*journal_, &*host_);
  }
  if (!lost && !status.ok()) {
    spdlog::warn("{}: {}", name_, MessageOf(status));
    return absl::OkStatus();
  }
  if (!host_->namespace_gone()) {
    status = CheckNotMoved(*journal_, loaded_.config, name_);
    if (!status.ok()) return status;
  }
  host_->set_interface_index(LiveIndex(*journal_, &*host_));
  // What stays is part of the new plan, or ends with it; but not if the tunnel has moved elsewhere.
  const bool moved =
      lost || journal_->network_namespace() != loaded_.config.gateway.network_namespace;
  status = Undo(&*host_, &*journal_,
                [moved](const Journal::Entry& entry) { return moved || !entry.stays_after_crash; });
  if (moved) {
    status.Update(host_->Leave());
    status.Update(journal_->RecordNamespace({}, 0));
  }
  if (!status.ok()) spdlog::warn("{}: {}", name_, MessageOf(status));
  return absl::OkStatus();
}

absl::Status Supervisor::MakePlanOfHost() {
  const absl::StatusOr<StateLock> lock = LockHost();
  if (!lock.ok()) return lock.status();
  const absl::Status opened = OpenMonitor(loaded_.config);
  if (!opened.ok()) return opened;
  absl::StatusOr<HostFacts> facts = GatherFacts(name_, loaded_.config, *journal_, kStatusDirectory);
  if (!facts.ok()) return facts.status();
  facts_ = *std::move(facts);
  networks_at_start_ = facts_.local_networks;
  plan_ = MakePlan(name_, loaded_.config, facts_);
  if (!plan_.refusal.empty()) return absl::FailedPreconditionError(plan_.refusal);
  const absl::Status writable = CheckSysctlsWritable(SysctlsOf(plan_), name_);
  if (!writable.ok()) return writable;
  for (const std::string& warning : plan_.warnings) spdlog::warn("{}: {}", name_, warning);
  WarnOfDeadSwitches();
  name_servers_ = ReadNameServers();
  SetNameRules(facts_.predecessor_kill_switch);
  saved_names_ = LoadKnownNames(KnownNamesPath(name_));
  name_source_->SetKnown(saved_names_);
  return Reserve(plan_);
}

absl::Status Supervisor::Reserve(const Plan& plan) {
  const Reservation reservation{plan.fwmark, plan.place, plan.port_forwards, plan.kill_switch};
  if (reservation == journal_->reservation()) return absl::OkStatus();
  return journal_->RecordReservation(reservation, CurrentNetworkId());
}

// The order: by the time that the resolver has a thread nothing is forked any more, as a lock of
// the C library might be taken in the child for ever; and names are looked up before the routes
// change, which might lead the questions into a tunnel that cannot work without the answers.
absl::StatusOr<bool> Supervisor::Start() {
  for (const std::string& warning : loaded_.warnings) spdlog::warn("{}", warning);
  absl::Status status = CheckNetAdmin();
  if (status.ok()) status = OpenJournal();
  if (!status.ok()) return status;
  status = CheckNoInterface(name_, loaded_.config.gateway.network_namespace, *journal_);
  if (status.ok()) status = UndoPredecessor();
  if (status.ok()) status = journal_->RecordNetwork(CurrentNetworkId());
  if (status.ok()) status = MakePlanOfHost();
  if (status.ok()) status = ForkRelay();
  bool go_on = false;
  if (status.ok()) {
    const absl::StatusOr<bool> waited = WaitForNames();
    status = waited.status();
    go_on = waited.ok() && *waited;
  }
  if (go_on) {
    PlanMtu();
    status = Up();
  }
  if (go_on && status.ok()) return true;
  // Nothing has come as far as to start it, so nothing is to be undone but what Up has undone; what
  // a predecessor keeps in stays in.
  if (relay_ > 0) ReapRelay();
  EndJournal();
  if (!status.ok()) return status;
  return false;
}

// The rest of the plan does not depend on where peers are.
void Supervisor::PlanMtu() {
  if (loaded_.config.mtu.has_value()) return;
  facts_.path_mtu = ReadPathMtu(names_.EndpointsOf(loaded_.config), plan_.fwmark, name_);
  plan_ = MakePlan(name_, loaded_.config, facts_);
}

absl::Status Supervisor::Up() {
  const uint64_t last_before = journal_->last_id();
  absl::Status status = ApplySteps(plan_.steps, &*host_, &*journal_);
  if (!status.ok()) {
    return {status.code(), fmt::format("{} ({} is not up; what was changed for it is undone)",
                                       MessageOf(status), name_)};
  }
  // Of a predecessor, and not part of the present plan.
  const StepIndex steps(plan_.steps);
  status = Undo(&*host_, &*journal_,
                [&steps](const Journal::Entry& entry) { return !steps.HasUndo(entry.undo); });
  if (!status.ok()) spdlog::warn("{}: {}", name_, MessageOf(status));
  SetNameRules(loaded_.config.gateway.kill_switch.on);
  SaveNames();
  for (const std::string& warning : WarningsOfFirewalls()) spdlog::warn("{}", warning);
  status = channel_->Send(RelayVerb::kServe);
  if (status.ok()) return status;
  // As ApplySteps does: what a predecessor holds closed stays so.
  status.Update(Undo(&*host_, &*journal_, [last_before](const Journal::Entry& entry) {
    return entry.id > last_before;
  }));
  return status;
}

// When hooks have had their turn, which may well be the ones that let the tunnel through.
std::vector<std::string> Supervisor::WarningsOfFirewalls() {
  std::vector<std::string> warnings =
      FirewallWarnings(name_, loaded_.config, ReadFirewallFacts(loaded_.config));
  for (std::string& warning : warnings) warning = fmt::format("{}: {}", name_, warning);
  return warnings;
}

DeviceSettings Supervisor::SettingsOfDevice() {
  ConfigFile& config = loaded_.config;
  DeviceSettings settings;
  settings.name = name_;
  settings.workers = WorkersOf(flags_);
  if (!settings.workers.has_value() && config.workers.has_value()) {
    settings.workers = *config.workers;
  }
  settings.busy_poll = BusyPollOf(flags_);
  settings.pin = PinOf(flags_);
  settings.io = IoOf(flags_).value_or(config.io_backend);
  settings.offloads = OffloadsOf(flags_).value_or(config.offloads);
  settings.aead = AeadOf(flags_);
  settings.network_namespace = config.gateway.network_namespace;
  settings.listen_port = config.listen_port.value_or(0);
  settings.fwmark = plan_.fwmark;
  settings.transport_cipher = CipherOf(flags_);
  settings.update = ToDeviceUpdate(
      config, std::vector<std::optional<SocketAddress>>(config.peers.size()));  // they come later
  settings.update->fwmark = plan_.fwmark;
  settings.is_on_its_own = false;
  return settings;
}

// What is loaded goes to the relay by fork().
absl::Status Supervisor::ForkRelay() {
  auto ends = RelayChannel::Make();
  if (!ends.ok()) return ends.status();
  const pid_t self = ::getpid();
  relay_ = ::fork();
  if (relay_ < 0) return absl::ErrnoToStatus(errno, "start the relay process");
  if (relay_ == 0) {
    DeviceSettings settings = SettingsOfDevice();
    settings.supervisor = self;
    RelayChannel channel = std::move(ends->second);
    ends->first.Close();
    loaded_ = {};
    journal_.reset();
    host_.reset();
    // Nothing else of the supervisor's stays open, as the pipe on which `up` waits for it.
    const auto kept = static_cast<unsigned>(channel.fd());
    ::close_range(STDERR_FILENO + 1, kept - 1, 0);
    ::close_range(kept + 1, ~0U, 0);
    ::exit(RunRelay(std::move(settings), CipherOf(flags_), std::move(channel)));
  }
  channel_.emplace(std::move(ends->first));
  ends->second.Close();
  socket_grants_.SetConfigured(loaded_.config.listen_port.value_or(0), plan_.fwmark);
  ForgetKeys();
  return absl::OkStatus();
}

void Supervisor::ForgetKeys() {
  named_ = NamedIn(loaded_.config);
  loaded_.config.private_key.reset();
  for (PeerConfig& peer : loaded_.config.peers) peer.preshared_key.reset();
}

absl::Status Supervisor::StartRelay() {
  const std::vector<PeerConfig>& peers = loaded_.config.peers;
  const auto endpoints = names_.EndpointsOf(loaded_.config);
  std::vector<PeerUpdate> known;
  for (size_t i = 0; i < peers.size(); ++i) {
    if (!endpoints[i].has_value()) continue;
    PeerUpdate& peer = known.emplace_back();
    peer.public_key = peers[i].public_key;
    peer.endpoint = endpoints[i];
  }
  const absl::StatusOr<RelayMessage> started =
      AskRelay(RelayVerb::kStart, EndpointsText(known),
               {.reply = RelayVerb::kStarted, .patience = kStartPatience});
  const absl::Status status = started.ok() ? TakeStarted(*started) : started.status();
  if (status.ok()) return status;
  ReapRelay();
  if (absl::IsAborted(status)) return status;  // the relay's own words
  return absl::Status(status.code(),
                      fmt::format("cannot start the relay process: {}", MessageOf(status)));
}

absl::Status Supervisor::TakeStarted(const RelayMessage& started) {
  const std::optional<uint32_t> index = ParseIndex(started.body);
  // Addresses and routes go to this index, so the relay must not choose another device.
  if (!index.has_value() || *index == 0 || *index != host_->FindInterface()) {
    return absl::InternalError(fmt::format("it did not make the interface {}", name_));
  }
  host_->set_interface_index(*index);
  OpenAdminSocket();
  return journal_->RecordInterface(*index);
}

bool Supervisor::ReapRelay() {
  host_->set_while_hook({});
  admin_.reset();
  channel_.reset();
  std::optional<int> status = WaitForChild(relay_, kRelayPatience);
  if (!status.has_value()) {
    ::kill(relay_, SIGKILL);
    status = WaitForChild(relay_, kRelayPatience);
  }
  if (!status.has_value()) spdlog::error("{}: the relay process {} does not end", name_, relay_);
  relay_ = -1;
  if (status.has_value() && WIFSIGNALED(*status) && relay_error_.empty()) {
    relay_error_ = fmt::format("it was ended by signal {}", WTERMSIG(*status));
  }
  RemoveSockets(name_);  // the relay may remove nothing
  return status.has_value() && WIFEXITED(*status) && WEXITSTATUS(*status) == kExitSuccess;
}

// Also for the interface of a predecessor, whose relay ends by itself.
absl::Status Supervisor::StopRelay() {
  if (relay_ > 0) ReapRelay();
  return WaitUntilGone(name_, &*host_);
}

absl::Status Supervisor::Run() {
  signals_ = OpenSignals({SIGTERM, SIGINT, SIGHUP});
  while (true) {
    std::array<pollfd, 8> sources = {{{signals_.get(), POLLIN, 0},
                                      {channel_->fd(), POLLIN, 0},
                                      {LoadedFd(), POLLIN, 0},
                                      {resolver_.fd(), POLLIN, 0},
                                      {monitor_.has_value() ? monitor_->fd() : -1, POLLIN, 0},
                                      {end_listener_.fd(), POLLIN, 0},
                                      {journals_.has_value() ? journals_->fd() : -1, POLLIN, 0},
                                      {admin_ != nullptr ? admin_->fd() : -1, POLLIN, 0}}};
    if (::poll(sources.data(), sources.size(), MillisecondsToAct()) < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "wait for signals");
    }
    if (sources[0].revents != 0 && !TakeSignal()) return End();
    // Before anything that waits for an answer of the relay, which may take this message first:
    // then there would be none any more, and a wait for it ends the service.
    if (sources[1].revents != 0) {
      const absl::Status status = TakeRelayMessage();
      if (!channel_.has_value()) return status;
    }
    if (sources[2].revents != 0) FinishReload();
    if (sources[3].revents != 0) TakeNames();
    if (sources[4].revents != 0 || sources[6].revents != 0) NoticeChanges();
    if (sources[5].revents != 0) end_listener_.Accept();
    if (sources[7].revents != 0) admin_->Serve();
    LookAtNetworks();
    GiveUpReload();
    ServeRequests();
  }
}

UniqueFd Supervisor::OpenSignals(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

bool Supervisor::TakeSignal() {
  signalfd_siginfo signal{};
  if (::read(signals_.get(), &signal, sizeof(signal)) != sizeof(signal)) return true;
  if (signal.ssi_signo == SIGHUP) {
    reload_wanted_ = true;
    return true;
  }
  spdlog::info("{}: stopping on a signal", name_);
  return false;
}

absl::Status Supervisor::TakeRelayMessage() {
  const absl::StatusOr<std::optional<RelayMessage>> message = channel_->TryReceive();
  if (!message.ok()) return RelayIsGone();
  return !message->has_value() || TakeMessage(**message) ? absl::OkStatus() : RelayIsGone();
}

bool Supervisor::TakeMessage(const RelayMessage& message) {
  if (replies_.IsLate(message)) return true;
  if (message.verb == RelayVerb::kFailed) relay_error_ = ReasonOf(message);
  return message.verb == RelayVerb::kFailed || TakeUnasked(message);
}

bool Supervisor::TakeUnasked(const RelayMessage& message) {
  if (message.verb == RelayVerb::kSocket) return ServeSockets(message);
  if (message.verb != RelayVerb::kUnanswered) return false;
  const std::optional<std::vector<crypto::PublicKey>> peers =
      ParseKeys(message.body, kUnansweredKeysMax);
  if (peers.has_value()) names_.Doubt(*peers);
  return peers.has_value();
}

absl::StatusOr<RelayMessage> Supervisor::AskRelay(RelayVerb verb, std::string_view body,
                                                  RelayReplies::Question question) {
  socket_grants_.Expect();
  question.interrupt_fd = end_signals_.get();
  const absl::Status sent = channel_->Send(verb, body, end_signals_.get());
  if (!sent.ok()) return sent;
  return replies_.Wait(&*channel_, question,
                       [this](const RelayMessage& message) { return TakeUnasked(message); });
}

// By `ip link delete` and the like, or not on purpose: what keeps traffic in stays in both cases,
// as only going down opens.
absl::Status Supervisor::RelayIsGone() {
  const bool well = ReapRelay();
  // Its interface goes with it, and with that what is bound to it.
  const absl::Status waited = WaitUntilGone(name_, &*host_);
  if (waited.ok()) host_->set_interface_index(0);
  const absl::Status undone = Undo(
      &*host_, &*journal_, [](const Journal::Entry& entry) { return !entry.stays_after_crash; });
  if (!undone.ok()) spdlog::warn("{}: {}", name_, MessageOf(undone));
  std::string still;
  if (!journal_->entries().empty()) {
    still = fmt::format(
        " (traffic is still kept from leaving without the tunnel; `ringwire down {}` ends that)",
        name_);
  }
  EndJournal();
  if (well) {
    if (!still.empty()) spdlog::warn("{}: the interface was removed{}", name_, still);
    return undone;
  }
  return absl::AbortedError(
      fmt::format("serve {}: {}{}", name_,
                  relay_error_.empty() ? "the relay process failed" : relay_error_, still));
}

}  // namespace ringwire::platform
