#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/portal/portal_process.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/enrol_service.h"
#include "platform/supervisor/enrol_settings.h"
#include "spdlog/spdlog.h"

// The portals of an EnrolService.
namespace ringwire::platform {
namespace {

size_t CountPortals(const EnrolConfig& enrol) {
  if (enrol.portals != 0) return enrol.portals;
  return std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 64);
}

}  // namespace

void EnrolService::StartPortals() {
  const size_t wanted = CountPortals(*in_use_->config.enrol);
  while (portals_.size() > wanted) {
    if (portals_.back().channel.open()) poll_.Remove(portals_.back().channel.fd());
    portals_.pop_back();
  }
  while (portals_.size() < wanted) StartPortal(&portals_.emplace_back());
}

void EnrolService::StartPortal(Portal* portal) {
  const absl::Status connected = ConnectPortal(portal);
  if (!connected.ok()) PortalFailed(portal, MessageOf(connected));
}

absl::Status EnrolService::ConnectPortal(Portal* portal) {
  ASSIGN_OR_RETURN(auto ends, MakeMessageSockets());
  RETURN_IF_ERROR(
      portal->process.Start({kPortalProgram, fmt::format("{}", ::getpid())}, ends.second.get()));
  portal->channel = SupervisorEndToPortal(std::move(ends.first));
  RETURN_IF_ERROR(poll_.Add(portal->channel.fd(), EPOLLIN,
                            [this, portal](uint32_t) { TakeFromPortal(portal); }));
  RETURN_IF_ERROR(TellPortal(portal));
  return registrar_.open() ? JoinToRegistrar(portal) : absl::OkStatus();
}

absl::Status EnrolService::TellPortal(Portal* portal) {
  const EnrolConfig& enrol = *in_use_->config.enrol;
  enrol::PortalSettings settings;
  settings.server_names = enrol.server_names;
  settings.post_quantum = enrol.post_quantum;
  settings.certificate = in_use_->certificate;
  settings.chain = in_use_->files.chain;
  settings.gateway_key = in_use_->gateway_key;
  settings.pushed = PushedSettingsOf(in_use_->config, in_use_->mtu);
  settings.revision = RevisionOf(settings.pushed);
  ASSIGN_OR_RETURN(const UniqueFd memory, MakeSealedMemory(EncodeFile(settings).view()));
  std::vector<int> descriptors = {memory.get()};
  for (const UniqueFd& listener : listeners_) descriptors.push_back(listener.get());
  return portal->channel.Send(enrol::NewPortalSettings(), descriptors);
}

absl::Status EnrolService::JoinToRegistrar(Portal* portal) {
  ASSIGN_OR_RETURN(const auto ends, MakeMessageSockets());
  const int registrars = ends.first.get();
  const int portals = ends.second.get();
  RETURN_IF_ERROR(registrar_.Send(enrol::NewPortal(), {&registrars, 1}));
  return portal->channel.Send(enrol::NewRegistrar(), {&portals, 1});
}

void EnrolService::TakeFromPortal(Portal* portal) {
  auto packet = portal->channel.TryReceive();
  if (!packet.ok()) return PortalFailed(portal, MessageOf(packet.status()));
  if (!packet->has_value()) return;
  const auto& applied = std::get<enrol::Applied>((*packet)->message);
  if (!applied.error.empty()) spdlog::error("{}: [Enrol]: {}", interface_, applied.error);
}

void EnrolService::PortalFailed(Portal* portal, const std::string& why) {
  if (portal->channel.open()) poll_.Remove(portal->channel.fd());
  portal->channel.Close();
  const std::string end = portal->process.End();
  spdlog::warn("{}: a portal has ended ({}{}{}); it is started again", interface_, why,
               end.empty() ? "" : ", ", end);
}

}  // namespace ringwire::platform
