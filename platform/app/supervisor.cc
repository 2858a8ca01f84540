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
#include <utility>

#include "fmt/format.h"
#include "platform/app/interface_name.h"
#include "platform/app/privileges.h"
#include "platform/app/report_error.h"
#include "platform/gateway/apply.h"
#include "platform/gateway/host_facts.h"
#include "spdlog/spdlog.h"

// Start, end and what comes in between; reloads are in supervisor_reload.cc.
namespace ringwire::platform {
namespace {

constexpr int kRelayPatienceMs = 10'000;  // for a relay that was asked to end

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

// Of a relay that could not do so itself.
void RemoveSockets(const std::string& interface) {
  for (const char* const folder : {kUapiDirectory, kStatusDirectory}) {
    ::unlink(fmt::format("{}/{}", folder, SocketFileName(interface)).c_str());
  }
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

Supervisor::Supervisor(DeviceFlags flags, RunnableConfig loaded, Terminal terminal)
    : flags_(std::move(flags)),
      terminal_(terminal),
      name_(loaded.source.interface_name),
      path_(loaded.source.path),
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
  absl::StatusOr<HostFacts> facts = ReadHostFacts(loaded_.source.config);
  if (!facts.ok()) return facts.status();
  facts_ = *std::move(facts);
  TakeOverFromPredecessor(*journal_, &facts_);
  plan_ = MakePlan(name_, loaded_.source.config, facts_);
  for (const std::string& warning : plan_.warnings) spdlog::warn("{}: {}", name_, warning);
  return absl::OkStatus();
}

absl::Status Supervisor::Start() {
  LogWarnings(loaded_.source);
  absl::Status status = CheckNetAdmin();
  if (status.ok()) status = OpenJournal();
  if (!status.ok()) return status;
  UndoPredecessor();
  status = MakePlanOfHost();
  if (status.ok()) status = Up();
  if (!status.ok()) journal_->RemoveIfEmpty();
  return status;
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
  ConfigFile& config = loaded_.source.config;
  DeviceSettings settings;
  settings.name = name_;
  settings.workers = WorkersOf(flags_);
  if (!settings.workers.has_value() && config.workers.has_value()) {
    settings.workers = *config.workers;
  }
  settings.pin = PinOf(flags_);
  settings.io = IoOf(flags_).value_or(config.io_backend);
  settings.listen_port = config.listen_port.value_or(0);
  settings.fwmark = plan_.fwmark;
  settings.transport_cipher = CipherOf(flags_);
  settings.update = ToDeviceUpdate(config, loaded_.endpoints);
  settings.update->fwmark = plan_.fwmark;
  settings.watch_signals = false;
  return settings;
}

// Before any thread exists: what is loaded goes to the relay by fork().
absl::Status Supervisor::StartRelay() {
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
  ConfigFile& config = loaded_.source.config;
  config.private_key.reset();
  for (PeerConfig& peer : config.peers) peer.preshared_key.reset();
  const absl::Status status = TakeStarted();
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
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  loaded_event_ = MakeEvent();
  while (true) {
    std::array<pollfd, 3> sources = {{{signals_.get(), POLLIN, 0},
                                      {channel_->fd(), POLLIN, 0},
                                      {loaded_event_.get(), POLLIN, 0}}};
    if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "wait for signals");
    }
    if (sources[0].revents != 0 && !TakeSignal()) return Down();
    if (sources[2].revents != 0) FinishReload();
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
  return absl::OkStatus();
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
