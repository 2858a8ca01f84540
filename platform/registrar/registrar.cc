#include "platform/registrar/registrar.h"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>

#include "platform/base/clock.h"
#include "platform/enrol/sealed_memory.h"

// The loop, and the conversation with the supervisor. What portals ask is in registrar_logins.cc,
// settings are in registrar_settings.cc.
namespace ringwire::platform {
namespace {

// More than portals of one gateway: a supervisor starts at most 64.
constexpr size_t kPortalsMax = 128;

}  // namespace

int64_t Registrar::NowMs() { return BootNow().nanoseconds() / 1'000'000; }

Registrar::Registrar(RegistrarEndToSupervisor supervisor, std::unique_ptr<HashPool> hashes,
                     OpenStore open_store)
    : supervisor_(std::move(supervisor)),
      hashes_(std::move(hashes)),
      open_store_(std::move(open_store)) {
  absl::Status status =
      poll_.Add(supervisor_.fd(), EPOLLIN, [this](uint32_t) { TakeFromSupervisor(); });
  status.Update(poll_.Add(hashes_->fd(), EPOLLIN, [this](uint32_t) { TakeHashes(); }));
  is_over_ = !status.ok();
}

void Registrar::Run() {
  constexpr int kMostMs = 60'000;
  while (Turn(kMostMs)) {
  }
}

bool Registrar::Turn(int most_ms) {
  std::array<pollfd, 2> ready{{{poll_.fd(), POLLIN, 0}, {supervisor_.fd(), 0, 0}}};
  if (!to_supervisor_.empty()) ready[1].events = POLLOUT;
  ::poll(ready.data(), ready.size(), MillisecondsToAct(most_ms));
  if (ready[0].revents != 0) poll_.Wait(/*may_block=*/false).IgnoreError();  // the next turn tells
  FlushToSupervisor();
  EndWhatIsDue();
  SendHeld(NowMs());
  WriteDirty(LeaseClockNow().boot_s);
  return !is_over_;
}

int Registrar::MillisecondsToAct(int most_ms) const {
  const int64_t now_ms = NowMs();
  int64_t next_ms = now_ms + most_ms;
  for (const auto& [id, portal] : portals_) {
    if (!portal.held.empty()) next_ms = std::min(next_ms, portal.held.front().first);
  }
  if (is_restored_ && !book_.leases().empty()) next_ms = std::min(next_ms, due_at_ * 1000);
  if (!dirty_.empty()) next_ms = std::min(next_ms, write_at_ * 1000);
  return static_cast<int>(std::max<int64_t>(next_ms - now_ms, 0));
}

void Registrar::TakeFromSupervisor() {
  auto packet = supervisor_.TryReceive();
  if (!packet.ok()) {
    is_over_ = true;
    return;
  }
  if (packet->has_value()) Take(std::move((*packet)->message), std::move((*packet)->descriptors));
}

void Registrar::Take(enrol::SupervisorToRegistrar message, std::vector<UniqueFd> descriptors) {
  std::visit(
      [&](auto& of_kind) {
        using Kind = std::decay_t<decltype(of_kind)>;
        if constexpr (std::is_same_v<Kind, enrol::GrantDone>) {
          TakeGrantDone(of_kind);
        } else if constexpr (std::is_same_v<Kind, enrol::Admin>) {
          TakeAdmin(of_kind);
        } else if constexpr (std::is_same_v<Kind, enrol::NewSettings>) {
          ReportApplied(TakeSettings(descriptors));
        } else if constexpr (std::is_same_v<Kind, enrol::NewKeys>) {
          ReportApplied(TakeKeys(descriptors));
        } else if constexpr (std::is_same_v<Kind, enrol::NewUsers>) {
          ReportApplied(TakeUsers(descriptors));
        } else {
          static_assert(std::is_same_v<Kind, enrol::NewPortal>);
          if (descriptors.size() == 1) AddPortal(std::move(descriptors.front()));
        }
      },
      message);
}

void Registrar::Tell(enrol::RegistrarToSupervisor message, UniqueFd memory) {
  to_supervisor_.emplace_back(std::move(message), std::move(memory));
  FlushToSupervisor();
}

void Registrar::FlushToSupervisor() {
  while (!to_supervisor_.empty()) {
    const int memory = to_supervisor_.front().second.get();
    const std::span<const int> descriptors(&memory, memory >= 0 ? 1 : 0);
    const absl::Status sent = supervisor_.Send(to_supervisor_.front().first, descriptors);
    if (absl::IsUnavailable(sent)) return;
    if (!sent.ok()) is_over_ = true;
    to_supervisor_.pop_front();
  }
}

void Registrar::AddPortal(UniqueFd socket) {
  if (portals_.size() >= kPortalsMax) return;
  const uint64_t id = ++last_id_;
  Portal& portal = portals_[id];
  portal.channel = RegistrarEndToPortal(std::move(socket));
  const auto take = [this, id](uint32_t) { TakeFromPortal(id); };
  if (!poll_.Add(portal.channel.fd(), EPOLLIN, take).ok()) portals_.erase(id);
}

// A portal that breaks the rules is cut off: its supervisor sees its end.
void Registrar::TakeFromPortal(uint64_t id) {
  Portal& portal = portals_.at(id);
  auto packet = portal.channel.TryReceive();
  if (!packet.ok()) {
    poll_.Remove(portal.channel.fd());
    portals_.erase(id);
    return;
  }
  if (!packet->has_value()) return;
  enrol::PortalToRegistrar& message = (*packet)->message;
  if (const auto* const sign = std::get_if<enrol::Sign>(&message)) {
    portal.channel.Send(keys_.Answer(*sign)).IgnoreError();  // a portal that reads nothing
  } else if (auto* const login = std::get_if<enrol::Login>(&message)) {
    TakeLogin(id, std::move(*login));
  } else if (const auto* const renewal = std::get_if<enrol::Renew>(&message)) {
    TakeRenewal(id, *renewal);
  } else if (const auto* const end = std::get_if<enrol::End>(&message)) {
    TakeEnd(id, *end);
  }
}

void Registrar::TakeGrantDone(const enrol::GrantDone& done) {
  if (const auto granted = grants_.find(done.id); granted != grants_.end()) {
    const PendingGrant grant = std::move(granted->second);
    grants_.erase(granted);
    switch (grant.kind) {
      case PendingGrant::Kind::kLogin:
        return FinishLogin(grant, done.result);
      case PendingGrant::Kind::kRekey:
        return FinishRekey(grant, done.result);
      case PendingGrant::Kind::kRestore:
        if (done.result != enrol::GrantResult::kDone) StartEnd(grant.lease.public_key, {});
        if (--restores_left_ == 0) Tell(enrol::Applied());
        return;
    }
  }
  if (const auto revoked = revokes_.find(done.id); revoked != revokes_.end()) {
    const PendingRevoke revoke = revoked->second;
    revokes_.erase(revoked);
    FinishRevoke(revoke, done.result);
  }
}

void Registrar::TakeAdmin(const enrol::Admin& admin) {
  if (admin.verb == enrol::Admin::Verb::kList) return SendLeaseTable(admin.id);
  for (auto& [id, grant] : grants_) {
    if (grant.lease.user == admin.user) grant.is_void = true;
  }
  std::vector<crypto::PublicKey> keys = book_.LeasesOf(admin.user);
  std::erase_if(keys, [&](const crypto::PublicKey& key) {
    return (admin.public_key.has_value() && key != *admin.public_key) || book_.IsEnding(key);
  });
  const bool is_known = FindUser(admin.user) != nullptr || !keys.empty();
  if (keys.empty()) return Tell(enrol::AdminDone{admin.id, is_known, 0});
  const uint64_t id = ++last_id_;
  const auto count = static_cast<uint32_t>(keys.size());
  admins_[id] = {admin.id, count, count};
  for (const crypto::PublicKey& key : keys) {
    StartEnd(key, {.reason = enrol::EndReason::kRevoked, .admin = id});
  }
}

void Registrar::SendLeaseTable(uint32_t request) {
  const LeaseClock now = LeaseClockNow();
  const int64_t to_unix = now.unix_s - now.boot_s;
  enrol::LeaseTable table = counters_;
  for (const auto& [key, lease] : book_.leases()) {
    if (book_.IsEnding(key)) continue;
    table.leases.push_back({lease.user, lease.device, key, lease.addresses, lease.source,
                            lease.since + to_unix, lease.expires + to_unix,
                            lease.session_ends + to_unix});
  }
  auto memory = MakeSealedMemory(enrol::EncodeFile(table).view());
  Tell(enrol::AdminDone{request, memory.ok(), 0}, std::move(memory).value_or(UniqueFd()));
}

}  // namespace ringwire::platform
