#include "platform/relay/device_runner.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/wire/constants.h"
#include "crypto/aes_support.h"
#include "crypto/self_test.h"
#include "fmt/format.h"
#include "platform/base/paths.h"
#include "platform/base/version.h"
#include "platform/io/backend_factory.h"
#include "platform/io/offload/kernel_traps.h"
#include "platform/io/offload/offload_proof.h"
#include "platform/netlink/named_namespace.h"
#include "platform/netlink/netlink.h"
#include "platform/netlink/silent_link.h"
#include "platform/process/privileges.h"
#include "platform/process/report_error.h"
#include "platform/relay/inherited_tun.h"
#include "platform/sandbox/capabilities.h"
#include "platform/sandbox/landlock.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

absl::Status TestCrypto() {
  std::string failed;
  if (crypto::SelfTest(&failed)) return absl::OkStatus();
  return absl::InternalError(
      fmt::format("check the cryptography: {} gives a wrong answer on this machine (broken build "
                  "or CPU; nothing is run with it)",
                  failed));
}

// A device without AES-256-GCM is plain WireGuard: a failure here is no error.
bool TestAes() {
  const bool usable = crypto::IsAes256GcmUsable();
  if (!usable && crypto::HasAesHardware()) {
    spdlog::warn("AES-256-GCM gives a wrong answer on this machine and is not offered to peers");
  }
  return usable;
}

absl::Status CheckNameIsFree(const std::string& name) {
  const std::string path = std::string(kUapiDirectory) + "/" + SocketFileName(name);
  if (!absl::IsAlreadyExists(CheckNotServed(path))) return absl::OkStatus();
  return absl::AlreadyExistsError(fmt::format(
      "start {}: another process already serves that name at {} (stop it, or choose another name)",
      name, path));
}

}  // namespace

DeviceRunner::DeviceRunner(DeviceSettings settings)
    : settings_(std::move(settings)),
      name_(settings_.name),
      ladder_(settings_.offloads,
              [this](const std::string& line) { spdlog::warn("{}: {}", name_, line); }) {}

absl::StatusOr<std::unique_ptr<DeviceRunner>> DeviceRunner::Start(DeviceSettings settings) {
  absl::Status status = CheckInterfaceName(settings.name);
  if (status.ok()) status = TestCrypto();
  if (!status.ok()) return status;
  std::unique_ptr<DeviceRunner> runner(new DeviceRunner(std::move(settings)));
  // Everything is opened first: Confinement says why the rest comes in this order. Keys come last.
  for (absl::Status (DeviceRunner::* const step)() :
       {&DeviceRunner::ChooseAead, &DeviceRunner::CreateDevice, &DeviceRunner::ProveOffloads,
        &DeviceRunner::OpenSockets, &DeviceRunner::ListenForTools, &DeviceRunner::ChooseBackend,
        &DeviceRunner::OpenLoop, &DeviceRunner::GiveUpRights, &DeviceRunner::TakeOver,
        &DeviceRunner::StartThreads, &DeviceRunner::Seal, &DeviceRunner::Configure}) {
    status = (runner.get()->*step)();
    if (!status.ok()) return status;
  }
  return runner;
}

// Only speed depends on it, so an unusable library is an error only if it was requested by name.
absl::Status DeviceRunner::ChooseAead() {
  const crypto::AeadProviderChoice choice = crypto::ChooseAeadProviders(settings_.aead);
  aead_providers_ = choice.providers;
  if (!choice.not_interleaved.empty()) {
    return absl::UnavailableError(fmt::format(
        "interleave ChaCha20-Poly1305: {} (run with --aead=auto)", choice.not_interleaved));
  }
  if (choice.reason.empty()) return absl::OkStatus();
  if (settings_.aead == crypto::AeadPreference::kIpsecMb) {
    return absl::UnavailableError(fmt::format(
        "use intel-ipsec-mb: {} (run with --aead=auto or --aead=boringssl)", choice.reason));
  }
  spdlog::log(choice.is_wrong ? spdlog::level::warn : spdlog::level::debug,
              "{}: intel-ipsec-mb is not used, BoringSSL is: {}", name_, choice.reason);
  return absl::OkStatus();
}

absl::Status DeviceRunner::CreateDevice() {
  const CpuBudget budget = ReadCpuBudget();
  const bool inherited = settings_.tun_queue.valid();
  const bool adopted = settings_.parts.has_value();
  const size_t workers = adopted     ? settings_.parts->queues.size()
                         : inherited ? 1
                                     : settings_.workers.value_or(WorkersFor(budget));
  usable_cpus_ = WorkersFor(budget);
  pin_cpus_ = PinningFor(budget, workers, settings_.pin);
  if (!inherited && !adopted) {
    absl::Status status = CheckNetAdmin();
    if (status.ok()) status = CheckNameIsFree(name_);
    if (!status.ok()) return status;
  }
  const auto create = [&] { return adopted ? AdoptDeviceHere() : CreateDeviceHere(workers); };
  if (settings_.network_namespace.empty()) return create();
  ASSIGN_OR_RETURN(const NamedNamespace network, NamedNamespace::Open(settings_.network_namespace));
  absl::Status created;
  absl::Status status = network.Visit([&] { created = create(); });
  status.Update(created);
  return status;
}

// In this thread's network namespace; the device and the sockets that watch it stay there.
absl::Status DeviceRunner::CreateDeviceHere(size_t workers) {
  const bool inherited = settings_.tun_queue.valid();
  TunOptions options;
  options.name = name_;
  options.queues = workers;
  options.tso = ladder_.IsOn(Offload::kTso);
  options.uso = ladder_.IsOn(Offload::kUso);
  ASSIGN_OR_RETURN(TunDevice tun, inherited ? AdoptTunDevice(std::move(settings_.tun_queue))
                                            : CreateTunDevice(options));
  tun_ = std::move(tun);
  name_ = tun_.name;
  interface_index_ = tun_.interface_index;

  if (!inherited) {
    ASSIGN_OR_RETURN(Netlink netlink, Netlink::Open());
    const absl::Status status = netlink.SetMtu(interface_index_, kDefaultMtu);
    if (!status.ok()) return status;
    const absl::Status silent = SilenceNewLink(&netlink, interface_index_, name_, kDefaultMtu);
    if (!silent.ok()) spdlog::warn("{}: {}", name_, MessageOf(silent));
  }
  return WatchLink();
}

// Changes nothing of the interface: another process serves it. Its settings stay as they are.
absl::Status DeviceRunner::AdoptDeviceHere() {
  DeviceParts& parts = *settings_.parts;
  ASSIGN_OR_RETURN(TunDevice tun, AdoptTunQueues(std::move(parts.queues)));
  tun_ = std::move(tun);
  tun_.tso = parts.tso;
  tun_.uso = parts.uso;
  interface_index_ = tun_.interface_index;
  return WatchLink();
}

absl::Status DeviceRunner::WatchLink() {
  const WithoutCapability netlink_changes_nothing(CAP_NET_ADMIN);
  ASSIGN_OR_RETURN(LinkMonitor monitor, LinkMonitor::Open(interface_index_));
  link_monitor_.emplace(std::move(monitor));
  return absl::OkStatus();
}

absl::Status DeviceRunner::ProveOffloads() {
  parts_.tso = tun_.tso;
  parts_.uso = tun_.uso;
  if (!tun_.created) {
    for (const Offload offload : {Offload::kTso, Offload::kUso, Offload::kTunGsoWrite}) {
      ladder_.LeaveUnused(offload, "the device was handed over");
    }
  }
  if (!tun_.tso) ladder_.Refuse(Offload::kTso, "this kernel does not grant it");
  if (!tun_.uso) ladder_.Refuse(Offload::kUso, "this kernel does not grant it");
  merge_udp_ = ProveTunOffloads(&ladder_, /*otherwise=*/tun_.uso);
  if (tun_.tso != ladder_.IsOn(Offload::kTso) || tun_.uso != ladder_.IsOn(Offload::kUso)) {
    RETURN_IF_ERROR(SetTunOffloads(tun_.queues.front().get(), ladder_.IsOn(Offload::kTso),
                                   ladder_.IsOn(Offload::kUso)));
  }
  const std::string trap =
      AvoidKernelTraps(KernelRelease(), settings_.offloads, &ladder_, &merge_udp_);
  if (!trap.empty()) spdlog::warn("{}: {}", name_, trap);
  ProveUdpOffloads(&ladder_);
  return absl::OkStatus();
}

absl::Status DeviceRunner::OpenSockets() {
  if (settings_.parts.has_value()) return absl::OkStatus();  // they come with TakeOver()
  UdpOptions options;
  options.port = settings_.listen_port;
  options.workers = tun_.queues.size();
  options.fwmark = settings_.fwmark;
  options.gro = ladder_.IsOn(Offload::kUdpGro);
  ASSIGN_OR_RETURN(UdpSocketGroup group, OpenUdpSockets(options));
  udp_ = std::move(group);
  return absl::OkStatus();
}

// Without a writable /run the tunnel still works; another live process at our name is an error.
absl::Status DeviceRunner::ListenForTools() {
  if (settings_.parts.has_value()) return AdoptListeners();
  const bool removes_files = settings_.supervisor == 0;
  UnixListenerOptions uapi{kUapiDirectory, 0755,         SocketFileName(name_),
                           0600,           std::nullopt, removes_files};
  const bool inherited = settings_.uapi_socket.valid();
  absl::StatusOr<UnixListener> listener =
      inherited ? UnixListener::Adopt(std::move(settings_.uapi_socket))
                : UnixListener::Listen(uapi);
  if (listener.ok()) {
    uapi_listener_.emplace(*std::move(listener));
  } else if (inherited || absl::IsAlreadyExists(listener.status())) {
    return listener.status();
  }
  const std::optional<gid_t> group = StatusGroup();
  UnixListenerOptions status{kStatusDirectory, 0755, SocketFileName(name_), 0660, group,
                             removes_files};
  absl::StatusOr<UnixListener> status_listener = UnixListener::Listen(status);
  if (status_listener.ok()) status_listener_.emplace(*std::move(status_listener));
  if (settings_.is_on_its_own && status_listener.ok()) ListenForAdministrator();
  if (!listener.ok() || !status_listener.ok()) {
    const absl::Status& why = listener.ok() ? status_listener.status() : listener.status();
    spdlog::info("{}: runs without {}: {}", name_,
                 listener.ok() ? "its status socket" : "its control and status sockets",
                 MessageOf(why));
  }
  return absl::OkStatus();
}

absl::Status DeviceRunner::AdoptListeners() {
  DeviceParts& parts = *settings_.parts;
  const std::string file = "/" + SocketFileName(name_);
  if (parts.uapi.valid()) {
    ASSIGN_OR_RETURN(UnixListener listener,
                     UnixListener::Adopt(std::move(parts.uapi), kUapiDirectory + file));
    uapi_listener_.emplace(std::move(listener));
  }
  if (parts.status.valid()) {
    ASSIGN_OR_RETURN(UnixListener listener,
                     UnixListener::Adopt(std::move(parts.status), kStatusDirectory + file));
    status_listener_.emplace(std::move(listener));
  }
  return absl::OkStatus();
}

void DeviceRunner::ListenForAdministrator() {
  absl::StatusOr<UnixListener> listener = ListenForAdmin(kStatusDirectory, name_);
  if (listener.ok()) {
    admin_listener_.emplace(*std::move(listener));
  } else {
    spdlog::info("{}: runs without its admin socket: {}", name_, MessageOf(listener.status()));
  }
}

absl::Status DeviceRunner::SetUpRings() {
  for (size_t i = 0; i < tun_.queues.size(); ++i) {
    ASSIGN_OR_RETURN(std::shared_ptr<Ring> ring, SetUpRing());
    rings_.push_back(std::move(ring));
  }
  return absl::OkStatus();
}

absl::Status DeviceRunner::ChooseBackend() {
  if (settings_.io == IoBackendChoice::kEpoll) {
    LeaveMultishotUnused(&ladder_);
    return absl::OkStatus();
  }
  absl::Status probe = ProbeIoUring(&ladder_);
  if (probe.ok()) probe = SetUpRings();
  io_uring_ = probe.ok();
  if (probe.ok()) return absl::OkStatus();
  if (settings_.io == IoBackendChoice::kAuto) {
    LeaveMultishotUnused(&ladder_);
    spdlog::info("{}: io_uring is not usable here, epoll is used: {}", name_, MessageOf(probe));
    return absl::OkStatus();
  }
  return absl::UnavailableError(fmt::format(
      "use io_uring: {} (allow it there, or run with --io=auto or --io=epoll)", MessageOf(probe)));
}

std::vector<WorkerOptions> DeviceRunner::MakeWorkerOptions() {
  std::vector<WorkerOptions> workers;
  if (!io_uring_) rings_.clear();
  for (size_t i = 0; i < tun_.queues.size(); ++i) {
    WorkerOptions worker;
    worker.index = i;
    worker.tun_queue = std::move(tun_.queues[i]);
    worker.sockets = std::move(udp_.workers[i]);
    worker.io_uring = io_uring_;
    if (io_uring_) worker.ring = std::move(rings_[i]);
    worker.epoll_allowed = io_uring_ && settings_.io == IoBackendChoice::kAuto;
    worker.ladder = &ladder_;
    worker.inbound.coalesce_tcp = ladder_.IsOn(Offload::kTunGsoWrite);
    worker.inbound.coalesce_udp = worker.inbound.coalesce_tcp && merge_udp_;
    worker.busy_poll = settings_.busy_poll;
    worker.cpus = usable_cpus_;
    if (!pin_cpus_.empty()) worker.pin_to_cpu = pin_cpus_[i];
    workers.push_back(std::move(worker));
  }
  return workers;
}

absl::Status DeviceRunner::OpenLoop() {
  for (const UniqueFd& queue : tun_.queues) parts_.queues.push_back(queue.get());
  if (uapi_listener_.has_value()) parts_.uapi = uapi_listener_->fd();
  if (status_listener_.has_value()) parts_.status = status_listener_->fd();
  loop_ = std::make_unique<ControlLoop>(ControlLoopOptions{
      name_, kVersion, StampFiles::Open(StateDirectory(), name_),
      ControlOptions{.has_aes = TestAes(), .keeps_endpoints = settings_.warm_restart},
      aead_providers_, &ladder_, settings_.network_namespace, usable_cpus_,
      std::move(settings_.socket_source)});
  const WithoutCapability netlink_changes_nothing(CAP_NET_ADMIN);
  absl::Status status = loop_->Open();
  if (status.ok() && settings_.is_on_its_own) status = loop_->WatchSignals();
  if (status.ok()) status = loop_->WatchForCopies();
  if (status.ok() && uapi_listener_.has_value()) {
    status = loop_->ServeUapi(*std::move(uapi_listener_));
  }
  if (status.ok() && status_listener_.has_value()) {
    status = loop_->sockets().ServeStatus(*std::move(status_listener_));
  }
  if (status.ok() && admin_listener_.has_value()) {
    status = loop_->sockets().ServeAdmin(*std::move(admin_listener_));
  }
  return status;
}

absl::Status DeviceRunner::GiveUpRights() {
  ConfinementOptions options;
  if (settings_.supervisor != 0) {
    options.role = SandboxRole::kRelay;
    options.parent = settings_.supervisor;
  } else {
    // No other process marks and binds sockets for it or removes the files of its control sockets.
    // Removing takes a right to all files, which Landlock limits to these.
    options.role = SandboxRole::kDevice;
    options.kept = {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE};
    if (HasLandlock()) {
      options.kept.push_back(CAP_DAC_OVERRIDE);
      options.removable = {kUapiDirectory, kStatusDirectory};
    }
  }
  ASSIGN_OR_RETURN(Confinement confinement, Confinement::GiveUpRights(options));
  confinement_.emplace(std::move(confinement));
  return absl::OkStatus();
}

absl::Status DeviceRunner::TakeOver() {
  if (!settings_.parts.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(StoppedDevice stopped, settings_.take_over());
  if (stopped.sockets.workers.size() != tun_.queues.size()) {
    return absl::InternalError("take over a device: it has not as many sockets as workers");
  }
  udp_ = std::move(stopped.sockets);
  settings_.listen_port = stopped.update.listen_port.value_or(udp_.port);
  settings_.fwmark = stopped.update.fwmark.value_or(0);
  settings_.update.emplace(std::move(stopped.update));
  return absl::OkStatus();
}

absl::Status DeviceRunner::StartThreads() {
  const ListenSockets listen(settings_.listen_port, udp_.port, settings_.fwmark);
  absl::Status status = loop_->StartWorkers(MakeWorkerOptions(), listen);
  if (io_uring_ && absl::IsResourceExhausted(status)) {
    status = absl::ResourceExhaustedError(
        fmt::format("{} (use --io=epoll, fewer --workers, or a higher limit of locked memory)",
                    MessageOf(status)));
  }
  return status;
}

absl::Status DeviceRunner::Seal() {
  RETURN_IF_ERROR(confinement_->Seal());
  for (const std::string& warning : confinement_->Warnings()) {
    spdlog::warn("{}: {}", name_, warning);
  }
  loop_->device().set_missing_walls(confinement_->Warnings());
  return absl::OkStatus();
}

absl::Status DeviceRunner::Configure() {
  if (settings_.transport_cipher.has_value() && settings_.update.has_value()) {
    settings_.update->transport_cipher = settings_.transport_cipher;
  } else if (settings_.transport_cipher.has_value()) {
    DeviceUpdate update;
    update.transport_cipher = settings_.transport_cipher;
    const UapiError error = loop_->device().Apply(update);
    if (error.error_number != 0) return absl::InternalError(error.reason);
  }
  if (settings_.update.has_value()) {
    const UapiError error = loop_->device().Apply(*settings_.update);
    settings_.update.reset();
    if (error.error_number != 0) return absl::InvalidArgumentError(error.reason);
  }
  return loop_->FollowLink(*std::move(link_monitor_));
}

std::string DeviceRunner::ReadyLine() {
  const StatusReport report = loop_->device().Report();
  const size_t peers = loop_->device().peer_count();
  return fmt::format("{} is ready: UDP port {}, {} worker{}, {}, {} peer{}, version {}", name_,
                     report.device.listen_port, report.workers.size(),
                     report.workers.size() == 1 ? "" : "s", report.workers.front().backend, peers,
                     peers == 1 ? "" : "s", report.version);
}

}  // namespace ringwire::platform
