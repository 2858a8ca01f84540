#include "platform/connect/lease_keeper.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/status_macros.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "platform/connect/connect_failure.h"
#include "platform/connect/connected_config.h"
#include "platform/connect/host_limits.h"
#include "platform/connect/password_file.h"
#include "platform/connect/tcp_connect.h"
#include "platform/tls/key_exchange.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t kAgainAfterRefusalSeconds = 60;

double RandomPart() { return static_cast<double>(crypto::SystemRandom().Uint32()) / 4294967296.0; }

}  // namespace

LeaseKeeper::LeaseKeeper(Parts parts)
    : interface_(std::move(parts.interface)),
      own_(std::move(parts.own)),
      lease_(std::move(parts.lease)),
      files_(std::move(parts.files)),
      device_(std::move(parts.device)),
      password_file_(std::move(parts.password_file)),
      public_key_(crypto::PublicFromPrivate(*own_.private_key)),
      caller_(std::move(parts.caller), parts.start_caller),
      schedule_(lease_.granted_at, lease_.terms, !password_file_.empty(), RandomPart()) {}

absl::StatusOr<ConfigFile> LeaseKeeper::Complete(const ConfigFile& own,
                                                 std::vector<std::string>* warnings) {
  std::vector<InterfaceAddress> of_tunnel = own.addresses;
  for (const IpAddress& address : lease_.pushed.addresses) of_tunnel.push_back({address, 0});
  ASSIGN_OR_RETURN(const enrol::ClientLimits limits, ReadHostLimits(own, interface_, of_tunnel));
  ASSIGN_OR_RETURN(const enrol::AcceptedConfig accepted,
                   enrol::AcceptPushed(lease_.pushed, limits));
  for (const std::string& line : accepted.left_out) warnings->push_back(line);
  return ConnectedConfig(own, accepted.config, lease_.preshared_key);
}

absl::Status LeaseKeeper::Adopt(ConfigFile* own) const {
  if (!own->private_key.has_value()) own->private_key = own_.private_key;
  const bool is_same = own->connect.has_value() && own->connect->server == own_.connect->server &&
                       own->connect->user == own_.connect->user &&
                       own->private_key == own_.private_key;
  if (is_same) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "another Server, User or PrivateKey needs a restart (`ringwire down`, then `connect`)");
}

void LeaseKeeper::Serve() {
  const std::optional<CallerClient::Result> result = caller_.Take();
  if (!result.has_value()) return;
  std::visit([this](const auto& one) { Take(one); }, *result);
}

Instant LeaseKeeper::look_at() const {
  if (!ended_.ok()) return Instant::InfiniteFuture();
  return caller_.IsCalling() ? caller_.deadline() : schedule_.renew_at();
}

void LeaseKeeper::Look() {
  if (!ended_.ok()) return;
  if (caller_.IsCalling()) {
    Serve();
  } else if (BootNow() >= schedule_.renew_at()) {
    Call();
  }
}

void LeaseKeeper::Doubt() { schedule_.Doubt(BootNow()); }

void LeaseKeeper::NoteEndpoint(const std::optional<SocketAddress>& endpoint) {
  const std::vector<std::string>& names = lease_.pushed.settings.endpoints;
  const auto name = names.empty() ? std::nullopt : EndpointName::Parse(names.front());
  if (!endpoint.has_value() || !name.has_value()) return;
  if (name->host != own_.connect->server.host) return;
  lease_.server.address = endpoint->address;
}

void LeaseKeeper::Call() {
  const absl::Status made = TryToCall();
  if (made.ok()) return;
  enrol::CallFailed failed;
  failed.text = MessageOf(made);
  Take(failed);
}

absl::Status LeaseKeeper::TryToCall() {
  ASSIGN_OR_RETURN(const UniqueFd socket, BeginTcp(lease_.server, mark_));
  ASSIGN_OR_RETURN(enrol::SupervisorToCaller call, NextCall());
  return caller_.Make(std::move(call), socket);
}

absl::StatusOr<enrol::SupervisorToCaller> LeaseKeeper::NextCall() {
  logs_in_ = !password_file_.empty() && (must_log_in_ || schedule_.IsLastLease());
  rekeys_ = logs_in_ || schedule_.WantsRekey(BootNow());
  if (logs_in_) {
    enrol::LoginCall login;
    login.public_key = public_key_;
    login.device = device_;
    login.user = lease_.user;
    ASSIGN_OR_RETURN(login.password, ReadPasswordFile(password_file_));
    return login;
  }
  enrol::RenewalCall renewal;
  renewal.token = lease_.token;
  renewal.revision = lease_.revision;
  if (rekeys_) renewal.rekey = public_key_;
  renewal.gateway_key = lease_.pushed.gateway_key;
  return renewal;
}

void LeaseKeeper::Take(const CallerClient::Granted& granted) {
  const enrol::CallDone& done = granted.done;
  if (!trouble_.empty()) spdlog::info("{}: the lease is renewed again", interface_);
  trouble_.clear();
  lease_.terms = {done.expires_in_s, done.session_ends_in_s};
  lease_.granted_at = BootNow();
  lease_.key_exchange = done.key_exchange;
  schedule_.Granted(lease_.granted_at, lease_.terms, rekeys_, RandomPart());
  if (logs_in_ && done.token.has_value()) KeepToken(*done.token);
  if (granted.pushed.has_value()) {
    has_changed_ = true;
    lease_.pushed = *granted.pushed;
    lease_.revision = done.revision;
  }
  if (done.preshared_key.has_value()) {
    has_changed_ = true;
    lease_.preshared_key = *done.preshared_key;
  }
}

void LeaseKeeper::KeepToken(const enrol::LeaseToken& token) {
  must_log_in_ = false;
  lease_.token = token;
  const absl::Status saved = files_.SaveSession({lease_.user, token});
  if (!saved.ok()) spdlog::warn("{}: {}", interface_, MessageOf(saved));
}

// A wrong server is no reason to end: the network may be that of a hotel, whose own server answers
// until somebody has logged in there.
void LeaseKeeper::Take(const enrol::CallFailed& failed) {
  const bool is_proof_refused = failed.exit_code == 3 && failed.retry_after_s == 0;
  if (failed.exit_code == 5 || is_proof_refused) return TakeEnd(failed);
  if (trouble_ != failed.text) {
    spdlog::warn("{}: cannot renew the lease: {}; ringwire goes on trying", interface_,
                 failed.text);
  }
  trouble_ = failed.text;
  schedule_.Failed(BootNow(), failed.retry_after_s, RandomPart());
}

void LeaseKeeper::TakeEnd(enrol::CallFailed failed) {
  if (!logs_in_ && !password_file_.empty() && MayLogInAgain(failed)) {
    must_log_in_ = true;  // at once: the renewal was due
    return;
  }
  if (!logs_in_ && failed.exit_code == 3) {
    failed.exit_code = 5;
    failed.text = "access was ended by the gateway (it no longer knows this session)";
  }
  files_.RemoveSession();
  ended_ = ConnectFailure(failed);
}

bool LeaseKeeper::TakeChange() { return std::exchange(has_changed_, false); }

// With revision 0 the gateway sends all settings again.
void LeaseKeeper::ChangeFailed() {
  lease_.revision = 0;
  schedule_.Failed(BootNow(), kAgainAfterRefusalSeconds, RandomPart());
}

std::string LeaseKeeper::Describe(absl::Time now) const {
  const auto at = [now](Instant when) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S", now + (when - BootNow()), absl::LocalTimeZone());
  };
  std::string text =
      fmt::format("{} at {}, until {} (session until {}), key exchange {}", lease_.user,
                  own_.connect->server.ToString(), at(schedule_.ends_at()),
                  at(schedule_.session_ends_at()), KeyExchangeName(lease_.key_exchange));
  if (!trouble_.empty()) text += fmt::format("; not renewed: {}", trouble_);
  return text;
}

}  // namespace ringwire::platform
