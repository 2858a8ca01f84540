#include "platform/app/supervisor.h"

#include <net/if.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <span>
#include <utility>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "fmt/format.h"
#include "platform/app/interface_name.h"
#include "platform/app/privileges.h"
#include "platform/app/relay_bodies.h"
#include "platform/app/report_error.h"
#include "platform/app/runnable_config.h"
#include "platform/base/clock.h"
#include "platform/control/unix_listener.h"
#include "platform/gateway/apply.h"
#include "platform/gateway/host_facts.h"
#include "spdlog/spdlog.h"

// Start, end and what comes in between; reloads are in supervisor_reload.cc.
namespace ringwire::platform {
namespace {

constexpr int kRelayPatienceMs = 10'000;  // for a relay that was asked to end

// How long the start waits for names: with an endpoint from the beginning no packet is lost, and no
// service waits for a resolver that is out of reach.
constexpr absl::Duration kNamesWait = absl::Seconds(5);

void SleepMilliseconds(long milliseconds) {
  const timespec pause{0, milliseconds * 1'000'000};
  ::nanosleep(&pause, nullptr);
}

// What a relay says is printed: no byte of it may steer a terminal.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<uint8_t>(c) < 32 || c == 127) c = '?';
  }
  return text;
}

bool IsAny(const Journal::Entry&) { return true; }

// The table and rule priority by which a predecessor holds the way closed.
void TakeOverFromPredecessor(const Journal& journal, HostFacts* facts) {
  for (const Journal::Entry& entry : journal.entries()) {
    const RemoveRule* const removal = std::get_if<RemoveRule>(&entry.undo);
    if (removal == nullptr || !removal->rule.unless_mark.has_value()) continue;
    facts->predecessor_table = removal->rule.table;
    facts->predecessor_priority = removal->rule.priority;
  }
}

// A journal may name an interface that is gone, or whose name another one has by now.
uint32_t LiveIndex(const Journal& journal, const std::string& interface) {
  const uint32_t index = ::if_nametoindex(interface.c_str());
  return index == journal.interface_index() ? index : 0;
}

// Of a relay that could not do so itself; not those of another process of that name, as when the
// relay has failed for that reason.
void RemoveSockets(const std::string& interface) {
  for (const char* const folder : {kUapiDirectory, kStatusDirectory}) {
    const std::string path = fmt::format("{}/{}", folder, SocketFileName(interface));
    if (CheckNotServed(path).ok()) ::unlink(path.c_str());
  }
}

UniqueFd OpenSignals(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

absl::Status WaitUntilGone(uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  for (int waited_ms = 0; waited_ms < kRelayPatienceMs; waited_ms += 10) {
    if (index == 0 || ::if_indextoname(index, name.data()) == nullptr) return absl::OkStatus();
    SleepMilliseconds(10);
  }
  return absl::DeadlineExceededError(
      fmt::format("wait for the end of {}: it is still there (`ip link delete {}` removes it)",
                  name.data(), name.data()));
}

}  // namespace

Supervisor::Supervisor(DeviceFlags flags, ConfigSource loaded, Terminal terminal)
    : flags_(std::move(flags)),
      terminal_(terminal),
      name_(loaded.interface_name),
      path_(loaded.path),
      loaded_(std::move(loaded)) {}

absl::Status Supervisor::OpenJournal() {
  absl::StatusOr<Journal> journal = Journal::Open(kStatusDirectory, name_);
  if (!journal.ok()) return journal.status();
  journal_.emplace(*std::move(journal));
  absl::StatusOr<Host> host =
      Host::Open(name_, {[this] { return StartRelay(); }, [this] { return StopRelay(); }});
  if (!host.ok()) return host.status();
  host_.emplace(*std::move(host));
  return absl::OkStatus();
}

// What keeps traffic from leaving outside of the tunnel stays until the new tunnel stands.
void Supervisor::UndoPredecessor() {
  if (journal_->entries().empty()) return;
  spdlog::info("{}: what a predecessor has left behind is undone", name_);
  host_->set_interface_index(LiveIndex(*journal_, name_));
  const absl::Status undone = Undo(
      &*host_, &*journal_, [](const Journal::Entry& entry) { return !entry.stays_after_crash; });
  if (!undone.ok()) spdlog::warn("{}: {}", name_, MessageOf(undone));
}

absl::Status Supervisor::MakePlanOfHost() {
  absl::StatusOr<HostFacts> facts = ReadHostFacts(loaded_.config);
  if (!facts.ok()) return facts.status();
  facts_ = *std::move(facts);
  TakeOverFromPredecessor(*journal_, &facts_);
  plan_ = MakePlan(name_, loaded_.config, facts_);
  for (const std::string& warning : plan_.warnings) spdlog::warn("{}: {}", name_, warning);
  return absl::OkStatus();
}

// The order: by the time that the resolver has a thread nothing is forked any more, as a lock of the
// C library might be taken in the child for ever; and names are looked up before the routes change,
// which might lead the questions into a tunnel that cannot work without the answers.
absl::StatusOr<bool> Supervisor::Start() {
  LogWarnings(loaded_);
  absl::Status status = CheckNetAdmin();
  if (status.ok()) status = OpenJournal();
  if (!status.ok()) return status;
  UndoPredecessor();
  status = MakePlanOfHost();
  if (status.ok()) status = ForkRelay();
  bool go_on = false;
  if (status.ok()) {
    const absl::StatusOr<bool> waited = WaitForNames();
    status = waited.status();
    go_on = waited.ok() && *waited;
  }
  if (go_on) status = Up();
  if (go_on && status.ok()) return true;
  if (relay_ > 0) ReapRelay();  // nothing has come as far as to start it
  if (status.ok()) status = Down();
  journal_->RemoveIfEmpty();
  if (!status.ok()) return status;
  return false;
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
      spdlog::info("{}: stopping on a signal", name_);
      return false;
    }
    names_.TakeAnswers(nullptr);
  }
  names_.TakeAnswers(nullptr);
  return true;
}

absl::Status Supervisor::Up() {
  absl::Status status = ApplySteps(plan_.steps, &*host_, &*journal_);
  if (!status.ok()) return status;
  // Of a predecessor, and not part of the present plan.
  status = Undo(&*host_, &*journal_, [this](const Journal::Entry& entry) {
    return std::ranges::none_of(plan_.steps,
                                [&entry](const Step& step) { return step.undo == entry.undo; });
  });
  if (!status.ok()) spdlog::warn("{}: {}", name_, MessageOf(status));
  const char terminal = static_cast<char>(terminal_);
  status = channel_->Send(RelayVerb::kServe, {&terminal, 1});
  if (status.ok()) return status;
  status.Update(Down());
  return status;
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
  settings.listen_port = config.listen_port.value_or(0);
  settings.fwmark = plan_.fwmark;
  settings.transport_cipher = CipherOf(flags_);
  settings.update = ToDeviceUpdate(
      config, std::vector<std::optional<SocketAddress>>(config.peers.size()));  // they come later
  settings.update->fwmark = plan_.fwmark;
  settings.watch_signals = false;
  return settings;
}

// What is loaded goes to the relay by fork().
absl::Status Supervisor::ForkRelay() {
  auto ends = RelayChannel::Make();
  if (!ends.ok()) return ends.status();
  relay_ = ::fork();
  if (relay_ < 0) return absl::ErrnoToStatus(errno, "start the relay process");
  if (relay_ == 0) {
    DeviceSettings settings = SettingsOfDevice();
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
  ForgetKeys();
  return absl::OkStatus();
}

void Supervisor::ForgetKeys() {
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
  absl::Status status = channel_->Send(RelayVerb::kStart, EndpointsText(known));
  if (status.ok()) status = TakeStarted();
  if (status.ok()) return status;
  ReapRelay();
  return status;
}

absl::Status Supervisor::TakeStarted() {
  const absl::StatusOr<RelayMessage> message = channel_->Receive();
  if (!message.ok()) {
    return absl::InternalError("start the relay process: it ended before it was ready");
  }
  if (message->verb == RelayVerb::kFailed) return absl::AbortedError(Printable(message->body));
  uint32_t index = 0;
  if (message->verb != RelayVerb::kStarted || message->body.size() != sizeof(index)) {
    return absl::InternalError("start the relay process: it does not keep to the rules");
  }
  std::memcpy(&index, message->body.data(), sizeof(index));
  host_->set_interface_index(index);
  return journal_->RecordInterface(index);
}

bool Supervisor::ReapRelay() {
  channel_.reset();
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, relay_, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  if (::poll(&ended, 1, kRelayPatienceMs) <= 0) ::kill(relay_, SIGKILL);
  int status = 0;
  while (::waitpid(relay_, &status, 0) < 0 && errno == EINTR) {
  }
  relay_ = -1;
  if (WIFSIGNALED(status) && relay_error_.empty()) {
    relay_error_ = fmt::format("it was ended by signal {}", WTERMSIG(status));
  }
  const bool well = WIFEXITED(status) && WEXITSTATUS(status) == kExitSuccess;
  if (!well) RemoveSockets(name_);
  return well;
}

// Also for the interface of a predecessor, whose relay ends by itself.
absl::Status Supervisor::StopRelay() {
  if (relay_ > 0) ReapRelay();
  return WaitUntilGone(host_->interface_index());
}

absl::Status Supervisor::Run() {
  signals_ = OpenSignals({SIGTERM, SIGINT, SIGHUP});
  loaded_event_ = MakeEvent();
  while (true) {
    std::array<pollfd, 4> sources = {{{signals_.get(), POLLIN, 0},
                                      {channel_->fd(), POLLIN, 0},
                                      {loaded_event_.get(), POLLIN, 0},
                                      {resolver_.fd(), POLLIN, 0}}};
    if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "wait for signals");
    }
    if (sources[0].revents != 0 && !TakeSignal()) return Down();
    if (sources[2].revents != 0) FinishReload();
    if (sources[3].revents != 0) TakeNames();
    if (sources[1].revents != 0) {
      const absl::Status status = TakeRelayMessage();
      if (!channel_.has_value()) return status;
    }
  }
}

bool Supervisor::TakeSignal() {
  signalfd_siginfo signal{};
  if (::read(signals_.get(), &signal, sizeof(signal)) != sizeof(signal)) return true;
  if (signal.ssi_signo == SIGHUP) {
    StartReload();
    return true;
  }
  spdlog::info("{}: stopping on a signal", name_);
  return false;
}

absl::Status Supervisor::TakeRelayMessage() {
  const absl::StatusOr<RelayMessage> message = channel_->Receive();
  if (!message.ok()) return RelayIsGone();
  if (message->verb == RelayVerb::kReloadWanted) StartReload();
  if (message->verb == RelayVerb::kFailed) relay_error_ = Printable(message->body);
  if (message->verb == RelayVerb::kUnanswered && !TakeUnanswered(*message)) return RelayIsGone();
  return absl::OkStatus();
}

bool Supervisor::TakeUnanswered(const RelayMessage& message) {
  const std::optional<std::vector<crypto::PublicKey>> peers = ParseKeys(message.body);
  if (peers.has_value()) names_.Doubt(*peers);
  return peers.has_value();
}

void Supervisor::TakeNames() {
  names_.TakeAnswers([this](std::span<const PeerUpdate> peers) {
    const absl::Status status = channel_->Send(RelayVerb::kEndpoints, EndpointsText(peers));
    if (!status.ok()) spdlog::warn("{}: set endpoints: {}", name_, MessageOf(status));
  });
}

// On purpose, as by `ip link delete`, or not.
absl::Status Supervisor::RelayIsGone() {
  const bool well = ReapRelay();
  // Its interface goes with it, and with that what is bound to it.
  const absl::Status waited = WaitUntilGone(host_->interface_index());
  if (waited.ok()) host_->set_interface_index(0);
  if (well) return Down();
  const absl::Status undone = Undo(
      &*host_, &*journal_, [](const Journal::Entry& entry) { return !entry.stays_after_crash; });
  if (!undone.ok()) spdlog::warn("{}: {}", name_, MessageOf(undone));
  const bool closed = !journal_->entries().empty();
  journal_->RemoveIfEmpty();
  return absl::AbortedError(fmt::format(
      "serve {}: {}{}", name_, relay_error_.empty() ? "the relay process failed" : relay_error_,
      closed ? fmt::format(" (traffic is still kept from leaving without the tunnel; `ringwire "
                           "down {}` ends that)",
                           name_)
             : ""));
}

absl::Status Supervisor::Down() {
  const absl::Status status = Undo(&*host_, &*journal_, IsAny);
  journal_->RemoveIfEmpty();
  return status;
}

absl::Status UndoLeftovers(const std::string& interface) {
  if (::access(Journal::PathOf(kStatusDirectory, interface).c_str(), F_OK) != 0) {
    return absl::OkStatus();
  }
  absl::StatusOr<Journal> journal = Journal::Open(kStatusDirectory, interface);
  if (!journal.ok()) return journal.status();
  const uint32_t index = LiveIndex(*journal, interface);
  absl::StatusOr<Host> host =
      Host::Open(interface, {[] { return absl::InternalError("create an interface"); },
                             [index] { return WaitUntilGone(index); }});
  if (!host.ok()) return host.status();
  host->set_interface_index(index);
  const absl::Status status = Undo(&*host, &*journal, IsAny);
  journal->RemoveIfEmpty();
  return status;
}

}  // namespace ringwire::platform
