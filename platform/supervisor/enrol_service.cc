#include "platform/supervisor/enrol_service.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/make_folder.h"
#include "platform/control/stamp_files.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/process/report_error.h"
#include "platform/registrar/registrar_process.h"
#include "platform/supervisor/enrol_settings.h"
#include "platform/udp/control_messages.h"
#include "spdlog/spdlog.h"

// Following the configuration, and the conversation with the registrar. Portals are in
// enrol_portals.cc, requests of the admin socket in enrol_requests.cc.
namespace ringwire::platform {
namespace {

constexpr absl::Duration kLookAtFilesEvery = absl::Seconds(60);
constexpr int kBacklog = 1024;
constexpr int kAnswersAtStart = 3;  // to keys, settings and users

absl::StatusOr<UniqueFd> Listen(const SocketAddress& address) {
  const std::string tried = fmt::format("listen on TCP {}", address.ToString());
  const bool is_v6 = address.address.family == IpFamily::kV6;
  UniqueFd socket(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                           IPPROTO_TCP));
  const int on = 1;
  if (!socket.valid()) return absl::ErrnoToStatus(errno, tried);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (is_v6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  SocketName name{};
  const socklen_t size = ToSocketName(address, &name);
  if (::bind(socket.get(), &name.any, size) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  return socket;
}

}  // namespace

EnrolService::EnrolService(std::string interface, std::string config_path, SupervisedRelay* relay)
    : interface_(std::move(interface)), config_path_(std::move(config_path)), relay_(*relay) {}

EnrolService::~EnrolService() { End(); }

void EnrolService::End() {
  for (Portal& portal : portals_) {
    if (portal.channel.open()) poll_.Remove(portal.channel.fd());
  }
  portals_.clear();
  if (registrar_.open()) poll_.Remove(registrar_.fd());
  registrar_.Close();
  registrar_process_.End();
  listeners_.clear();
  listening_on_.clear();
  in_use_.reset();
  look_at_files_ = Instant::InfiniteFuture();
  for (auto& [id, request] : requests_) request.answer({false, "[Enrol] has ended"});
  requests_.clear();
}

absl::Status EnrolService::Follow(const ConfigFile& config, const crypto::PublicKey& gateway_key,
                                  uint16_t mtu) {
  if (!config.enrol.has_value()) {
    const bool was_there = in_use_.has_value();
    End();
    if (was_there) RemoveLeases(grants_.All());
    return absl::OkStatus();
  }
  InUse wanted;
  wanted.stamp = StampOfEnrolFiles(config, config_path_, interface_);
  ASSIGN_OR_RETURN(wanted.files, LoadEnrolFiles(config, config_path_, interface_));
  RETURN_IF_ERROR(OpenListeners(config));
  for (const std::string& warning : wanted.files.warnings) {
    spdlog::warn("{}: {}", interface_, warning);
  }
  wanted.config = config;
  wanted.config.private_key.reset();
  for (PeerConfig& peer : wanted.config.peers) peer.preshared_key.reset();
  wanted.gateway_key = gateway_key;
  wanted.mtu = mtu;
  wanted.certificate = in_use_.has_value() ? in_use_->certificate + 1 : 1;
  in_use_ = std::move(wanted);
  look_at_files_ = BootNow() + kLookAtFilesEvery;
  grants_.Configure(in_use_->config, gateway_key, in_use_->files.users);
  RemoveLeases(grants_.LostToPeers());
  if (registrar_.open()) {
    TellRegistrar();
    for (Portal& portal : portals_) {
      if (portal.channel.open() && !TellPortal(&portal).ok()) PortalFailed(&portal, "it is busy");
    }
  } else {
    StartRegistrar();
  }
  return absl::OkStatus();
}

// Listeners that stay are kept, so that no connection is refused meanwhile.
absl::Status EnrolService::OpenListeners(const ConfigFile& config) {
  const std::vector<SocketAddress> wanted = EnrolListeners(config);
  std::vector<UniqueFd> opened(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (std::ranges::find(listening_on_, wanted[i]) != listening_on_.end()) continue;
    absl::StatusOr<UniqueFd> listener = Listen(wanted[i]);
    if (!listener.ok()) return listener.status();
    opened[i] = *std::move(listener);
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto kept = std::ranges::find(listening_on_, wanted[i]);
    if (kept == listening_on_.end()) continue;
    UniqueFd& socket = listeners_[static_cast<size_t>(kept - listening_on_.begin())];
    if (!opened[i].valid()) opened[i] = std::move(socket);
  }
  listening_on_ = wanted;
  listeners_ = std::move(opened);
  return absl::OkStatus();
}

void EnrolService::StartRegistrar() {
  const absl::Status connected = ConnectRegistrar();
  if (!connected.ok()) return RegistrarFailed(MessageOf(connected));
  grants_.ExpectAllAgain();
  answers_left_ = kAnswersAtStart;
  TellRegistrar();
  for (Portal& portal : portals_) {
    if (portal.channel.open()) JoinToRegistrar(&portal).IgnoreError();  // it meets a closed channel
  }
}

absl::Status EnrolService::ConnectRegistrar() {
  const std::string state = StateDirectory();
  const std::string folder = fmt::format("{}/{}.enrol", state, interface_);
  RETURN_IF_ERROR(MakeFolder(state, 0700));
  RETURN_IF_ERROR(MakeFolder(folder, 0700));
  ASSIGN_OR_RETURN(auto ends, MakeMessageSockets());
  RETURN_IF_ERROR(registrar_process_.Start(
      {kRegistrarProgram, fmt::format("{}", ::getpid()), folder}, ends.second.get()));
  registrar_ = SupervisorEndToRegistrar(std::move(ends.first));
  return poll_.Add(registrar_.fd(), EPOLLIN, [this](uint32_t) { TakeFromRegistrar(); });
}

absl::Status EnrolService::SendFile(enrol::SupervisorToRegistrar message,
                                    const enrol::SecretBytes& file) {
  if (file.empty()) return absl::InvalidArgumentError("the settings of [Enrol] are too long");
  ASSIGN_OR_RETURN(const UniqueFd memory, MakeSealedMemory(file.view()));
  const int descriptor = memory.get();
  return registrar_.Send(message, {&descriptor, 1});
}

void EnrolService::TellRegistrar() {
  enrol::KeyTable keys;
  keys.keys.push_back({in_use_->certificate, in_use_->files.key});
  absl::Status status = SendFile(enrol::NewKeys(), EncodeFile(keys));
  if (status.ok()) {
    const auto settings = RegistrarSettingsOf(in_use_->config, in_use_->gateway_key);
    status = SendFile(enrol::NewSettings(), EncodeFile(settings));
  }
  if (status.ok()) status = SendFile(enrol::NewUsers(), EncodeFile(in_use_->files.users));
  if (!status.ok()) RegistrarFailed(MessageOf(status));
}

void EnrolService::TakeFromRegistrar() {
  auto packet = registrar_.TryReceive();
  if (!packet.ok()) return RegistrarFailed(MessageOf(packet.status()));
  if (!packet->has_value()) return;
  const enrol::RegistrarToSupervisor& message = (*packet)->message;
  if (const auto* const grant = std::get_if<enrol::Grant>(&message)) return Take(*grant);
  if (const auto* const revoke = std::get_if<enrol::Revoke>(&message)) return Take(*revoke);
  if (const auto* const applied = std::get_if<enrol::Applied>(&message)) return Take(*applied);
  if (const auto* const done = std::get_if<enrol::AdminDone>(&message)) {
    Take(*done, (*packet)->descriptors);
  }
}

void EnrolService::Take(const enrol::Grant& grant) {
  enrol::GrantResult result = grants_.Check(grant);
  if (result == enrol::GrantResult::kDone) {
    const PeerUpdate peer = EnrolGrants::PeerOf(grant);
    const absl::Status changed = relay_.ChangeLeases({&peer, 1});
    if (changed.ok()) {
      grants_.Add(grant);
    } else {
      spdlog::warn("{}: let a lease in: {}", interface_, MessageOf(changed));
      result = enrol::GrantResult::kRelayAway;
    }
  }
  // An honest registrar asks for nothing else; after a reload it may still know the old settings.
  if (result == enrol::GrantResult::kRefused) {
    spdlog::error("{}: the registrar asked for a lease that [Enrol] does not allow", interface_);
    return RegistrarFailed("it asked for a lease that is not allowed");
  }
  if (!registrar_.Send(enrol::GrantDone{grant.id, result}).ok()) RegistrarFailed("it is stuck");
}

void EnrolService::Take(const enrol::Revoke& revoke) {
  enrol::GrantResult result = enrol::GrantResult::kDone;
  if (revoke.unless_used && grants_.Has(revoke.public_key)) {
    const auto used = relay_.UsedLeases();
    if (!used.ok()) {
      result = enrol::GrantResult::kRelayAway;
    } else if (std::ranges::find(*used, revoke.public_key) != used->end()) {
      result = enrol::GrantResult::kUsed;
    }
  }
  if (result == enrol::GrantResult::kDone && grants_.Has(revoke.public_key)) {
    RemoveLeases({revoke.public_key});
    if (grants_.Has(revoke.public_key)) result = enrol::GrantResult::kRelayAway;
  }
  if (!registrar_.Send(enrol::GrantDone{revoke.id, result}).ok()) RegistrarFailed("it is stuck");
}

void EnrolService::RemoveLeases(const std::vector<crypto::PublicKey>& keys) {
  if (keys.empty()) return;
  std::vector<PeerUpdate> peers;
  for (const crypto::PublicKey& key : keys) {
    PeerUpdate& peer = peers.emplace_back();
    peer.public_key = key;
    peer.remove = true;
  }
  const absl::Status changed = relay_.ChangeLeases(peers);
  if (!changed.ok()) {
    spdlog::warn("{}: end leases: {}", interface_, MessageOf(changed));
    return;
  }
  for (const crypto::PublicKey& key : keys) grants_.Remove(key);
}

void EnrolService::Take(const enrol::Applied& applied) {
  if (!applied.error.empty()) spdlog::error("{}: [Enrol]: {}", interface_, applied.error);
  if (answers_left_ == 0 || --answers_left_ > 0) return;
  RemoveLeases(grants_.NotGrantedAgain());
  StartPortals();
}

std::string EnrolService::EndRegistrar() {
  if (registrar_.open()) poll_.Remove(registrar_.fd());
  registrar_.Close();
  const std::string end = registrar_process_.End();
  for (auto& [id, request] : requests_) request.answer({false, "the registrar has ended"});
  requests_.clear();
  return end;
}

// Another registrar reads the leases and asks for each of them again.
void EnrolService::GrantAgain() {
  if (!in_use_.has_value()) return;
  EndRegistrar();
  StartRegistrar();
}

void EnrolService::RegistrarFailed(const std::string& why) {
  const std::string end = EndRegistrar();
  spdlog::warn("{}: the registrar has ended ({}{}{}); it is started again", interface_, why,
               end.empty() ? "" : ", ", end);
}

void EnrolService::Serve() {
  const absl::Status served = poll_.Wait(/*may_block=*/false);
  if (!served.ok()) spdlog::warn("{}: [Enrol]: {}", interface_, MessageOf(served));
}

Instant EnrolService::look_at() const {
  if (!in_use_.has_value()) return Instant::InfiniteFuture();
  Instant next = std::min(look_at_files_, registrar_process_.start_at());
  for (const Portal& portal : portals_) next = std::min(next, portal.process.start_at());
  return next;
}

void EnrolService::Look() {
  if (!in_use_.has_value()) return;
  const Instant now = BootNow();
  if (now >= registrar_process_.start_at()) StartRegistrar();
  for (Portal& portal : portals_) {
    if (now >= portal.process.start_at()) StartPortal(&portal);
  }
  if (now >= look_at_files_) LookAtFiles();
}

// A renewed certificate needs no reload.
void EnrolService::LookAtFiles() {
  look_at_files_ = BootNow() + kLookAtFilesEvery;
  const std::string stamp = StampOfEnrolFiles(in_use_->config, config_path_, interface_);
  if (stamp == in_use_->stamp) return;
  const InUse before = *in_use_;
  const absl::Status followed = Follow(before.config, before.gateway_key, before.mtu);
  if (followed.ok()) return;
  in_use_->stamp = stamp;  // once for each fault
  spdlog::error("{}: {} ([Enrol] runs on as it was)", interface_, MessageOf(followed));
}

}  // namespace ringwire::platform
