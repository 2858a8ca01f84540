#include "platform/supervisor/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/paths.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/bridge_peers.h"
#include "platform/supervisor/relay_process.h"
#include "platform/supervisor/relay_settings.h"
#include "platform/supervisor/tunnel_on_host.h"
#include "spdlog/spdlog.h"

// Start, end and the loop; reloads are in supervisor_reload.cc, root's requests on the admin socket
// in supervisor_requests.cc.
namespace ringwire::platform {
namespace {

constexpr uint16_t kMtuOfUnknownPath = 1420;

UniqueFd OpenSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

Supervisor::Parts Supervisor::PartsOf(const std::string& interface) {
  return {std::make_unique<RelayProcess>(interface), std::make_unique<TunnelOnHost>(interface),
          std::make_unique<TunnelNames>(interface, KnownNamesPath(interface)), kStatusDirectory};
}

Supervisor::Supervisor(DeviceFlags flags, ConfigSource loaded, Parts parts)
    : flags_(std::move(flags)),
      name_(loaded.interface_name),
      path_(loaded.path),
      has_file_(loaded.has_file),
      loaded_(std::move(loaded)),
      parts_(std::move(parts)),
      relay_(*parts_.relay),
      tunnel_(*parts_.tunnel),
      names_(*parts_.names),
      enrol_(name_, path_, &relay_) {
  relay_.set_on_unanswered([this](std::span<const crypto::PublicKey> peers) {
    names_.Doubt(peers);
    if (parts_.lease != nullptr) parts_.lease->Doubt();
  });
  relay_.set_on_peers_changed([this] { NotePeers(); });
}

Supervisor::~Supervisor() = default;

// The relay is forked before the resolver's thread starts: a later child could inherit a locked
// mutex of libc. Names are looked up before the routes change: the queries could enter a tunnel
// that needs their answers.
absl::StatusOr<bool> Supervisor::Start() {
  for (const std::string& warning : loaded_.warnings) spdlog::warn("{}", warning);
  absl::Status status = Prepare();
  if (status.ok()) status = ForkRelay();
  if (status.ok()) status = names_.Follow(tunnel_.in_force().config, path_);
  bool go_on = false;
  if (status.ok()) go_on = names_.WaitForAll(tunnel_.in_force().config);
  if (go_on) status = Up();
  if (go_on && status.ok()) return true;
  // Up() has undone what it did, and nothing else has changed. What a predecessor blocks stays
  // blocked.
  EndRelay();
  EndTunnel();
  if (!status.ok()) return status;
  return false;
}

absl::Status Supervisor::Prepare() {
  absl::Status status = tunnel_.Open({[this] { return StartRelay(); }, [this] { EndRelay(); }});
  if (!status.ok()) return status;
  end_listener_ = DownListener(name_);
  named_ = NamedIn(loaded_.config);
  public_key_ = PublicKeyOf(loaded_.config);
  status = tunnel_.Prepare(std::move(loaded_.config));
  if (!status.ok()) return status;
  names_.Load();
  names_.SetRules(tunnel_.in_force(), tunnel_.in_force().facts.predecessor_kill_switch);
  return absl::OkStatus();
}

absl::Status Supervisor::ForkRelay() {
  const absl::Status forked = relay_.Fork([this] {
    DeviceSettings settings =
        RelaySettings(name_, flags_, tunnel_.in_force().config, tunnel_.in_force().plan);
    parts_.tunnel.reset();  // with the keys and the journal
    parts_.lease.reset();   // with keys, token and preshared key
    return settings;
  });
  if (!forked.ok()) return forked;
  const InForce& in_force = tunnel_.in_force();
  relay_.AllowSockets(in_force.config.listen_port.value_or(0), in_force.plan.fwmark);
  tunnel_.ForgetKeys();
  return absl::OkStatus();
}

std::vector<PeerUpdate> Supervisor::KnownEndpoints() const {
  const ConfigFile& config = tunnel_.in_force().config;
  const auto endpoints = names_.EndpointsOf(config);
  std::vector<PeerUpdate> known;
  for (size_t i = 0; i < config.peers.size(); ++i) {
    if (!endpoints[i].has_value()) continue;
    PeerUpdate& peer = known.emplace_back();
    peer.public_key = config.peers[i].public_key;
    peer.endpoint = endpoints[i];
  }
  return known;
}

absl::StatusOr<uint32_t> Supervisor::StartRelay() {
  absl::StatusOr<uint32_t> index = relay_.Start(KnownEndpoints());
  if (index.ok()) {
    OpenAdminSocket();
    return index;
  }
  EndRelay();
  if (absl::IsAborted(index.status())) return index;  // the relay's own words
  return absl::Status(index.status().code(),
                      fmt::format("cannot start the relay process: {}", MessageOf(index.status())));
}

void Supervisor::EndRelay() {
  enrol_.End();
  if (!relay_.IsRunning()) return;
  tunnel_.set_while_hook({});
  admin_.reset();
  relay_.Reap();
}

absl::Status Supervisor::Up() {
  tunnel_.ChooseMtu(names_.EndpointsOf(tunnel_.in_force().config));
  absl::Status status = tunnel_.Up();
  if (!status.ok()) return status;
  const InForce& in_force = tunnel_.in_force();
  names_.SetRules(in_force, in_force.config.gateway.kill_switch.on);
  names_.Save(in_force.plan);
  FollowPeers();
  for (const std::string& warning : tunnel_.FirewallWarnings()) spdlog::warn("{}", warning);
  status = relay_.Serve();
  if (!status.ok()) {
    status.Update(tunnel_.Undo(UndoScope::kLastUp, LogFailure));
    return status;
  }
  const absl::Status followed = FollowEnrol();
  if (!followed.ok()) {
    spdlog::error("{}: [Enrol] is not in use: {} (`ringwire reload {}` tries again)", name_,
                  MessageOf(followed), name_);
  }
  return absl::OkStatus();
}

absl::Status Supervisor::FollowEnrol() {
  const ConfigFile& config = tunnel_.in_force().config;
  const uint16_t mtu = config.mtu.value_or(tunnel_.Observe().mtu.value_or(kMtuOfUnknownPath));
  return enrol_.Follow(config, public_key_, mtu);
}

void Supervisor::EndTunnel() {
  if (tunnel_.Close()) names_.RemoveSaved();
}

absl::Status Supervisor::Run() {
  signals_ = OpenSignals();
  while (true) {
    const int lease_fd = parts_.lease != nullptr ? parts_.lease->fd() : -1;
    std::array<pollfd, 9> sources = {{{signals_.get(), POLLIN, 0},
                                      {relay_.fd(), POLLIN, 0},
                                      {loader_.fd(), POLLIN, 0},
                                      {names_.fd(), POLLIN, 0},
                                      {tunnel_.changes_fd(), POLLIN, 0},
                                      {end_listener_.fd(), POLLIN, 0},
                                      {admin_ != nullptr ? admin_->fd() : -1, POLLIN, 0},
                                      {enrol_.fd(), POLLIN, 0},
                                      {lease_fd, POLLIN, 0}}};
    if (::poll(sources.data(), sources.size(), MillisecondsToAct()) < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "wait for signals");
    }
    if (sources[0].revents != 0 && !TakeSignal()) return End();
    // First: a request that waits for a reply might take this message, and then TakeMessage() would
    // have nothing to take.
    const bool is_gone = sources[1].revents != 0 && !relay_.TakeMessage().ok();
    if (is_gone && !GoBack()) return RelayIsGone();
    if (sources[2].revents != 0) FinishReload();
    if (sources[3].revents != 0) TakeNames();
    if (sources[4].revents != 0) tunnel_.NoticeChanges();
    if (sources[5].revents != 0) end_listener_.Accept();
    if (sources[6].revents != 0 || BootNow() >= AdminDue()) admin_->Serve();
    if (sources[7].revents != 0) enrol_.Serve();
    if (BootNow() >= tunnel_.look_at()) tunnel_.Look();
    if (BootNow() >= follow_peers_at_) FollowPeers();
    if (BootNow() >= relay_.probation_end()) relay_.EndProbation();
    if (BootNow() >= enrol_.look_at()) enrol_.Look();
    if (!KeepLease()) return EndOfAccess();
    GiveUpReload();
    ServeRequests();
  }
}

int Supervisor::MillisecondsToAct() const {
  Instant next = std::min({tunnel_.look_at(), loader_.deadline(), follow_peers_at_, AdminDue(),
                           relay_.probation_end(), enrol_.look_at()});
  if (parts_.lease != nullptr) next = std::min(next, parts_.lease->look_at());
  if (next.IsInfiniteFuture()) return -1;
  return static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(next - BootNow()) + 1));
}

Instant Supervisor::AdminDue() const {
  return admin_ != nullptr ? admin_->due() : Instant::InfiniteFuture();
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

void Supervisor::TakeNames() {
  names_.TakeAnswers([this](std::span<const PeerUpdate> peers) {
    const absl::Status status = relay_.MoveEndpoints(peers);
    if (!status.ok()) spdlog::warn("{}: set endpoints: {}", name_, MessageOf(status));
  });
  names_.Save(tunnel_.in_force().plan);
}

// Programs such as `wg set` in a loop change one peer after the other.
void Supervisor::NotePeers() {
  constexpr absl::Duration kSettling = absl::Milliseconds(200);
  follow_peers_at_ = std::min(follow_peers_at_, BootNow() + kSettling);
}

void Supervisor::FollowPeers() {
  follow_peers_at_ = Instant::InfiniteFuture();
  if (tunnel_.in_force().config.gateway.bridge.empty()) return;
  const absl::StatusOr<std::vector<PeerHosts>> hosts = relay_.Hosts();
  absl::Status status = hosts.status();
  if (hosts.ok()) {
    status = tunnel_.FollowPeers(BridgePeersWith(*hosts, tunnel_.in_force().config));
  }
  if (!status.ok() && follow_peers_failure_ != status) {
    spdlog::warn("{}: follow peers: {}", name_, MessageOf(status));
  }
  follow_peers_failure_ = status;
  // A refusal of the relay (too many peers) does not pass by itself.
  constexpr absl::Duration kAgainAfter = absl::Seconds(1);
  if (!status.ok() && !absl::IsAborted(status)) follow_peers_at_ = BootNow() + kAgainAfter;
}

// Another program may have deleted the interface, or the relay died. Blocks stay in both cases:
// only `down` opens.
absl::Status Supervisor::RelayIsGone() {
  enrol_.End();
  tunnel_.set_while_hook({});
  admin_.reset();
  const bool well = relay_.Reap();
  const absl::Status undone = tunnel_.KeepClosed();
  std::string still;
  if (tunnel_.BlocksTraffic()) {
    still = fmt::format(
        " (traffic is still kept from leaving without the tunnel; `ringwire down {}` ends that)",
        name_);
  }
  EndTunnel();
  if (well) {
    if (!still.empty()) spdlog::warn("{}: the interface was removed{}", name_, still);
    return undone;
  }
  const std::string& why = relay_.error();
  return absl::AbortedError(
      fmt::format("serve {}: {}{}", name_, why.empty() ? "the relay process failed" : why, still));
}

}  // namespace ringwire::platform
