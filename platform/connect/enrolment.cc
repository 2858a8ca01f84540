#include "platform/connect/enrolment.h"

#include <optional>
#include <utility>
#include <variant>

#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/connect/connect_failure.h"
#include "platform/connect/tcp_connect.h"

namespace ringwire::platform {
namespace {

constexpr absl::Duration kConnectPatience = absl::Seconds(20);

struct Answer {
  CallerClient::Result result;
  SocketAddress server;
};

absl::StatusOr<Answer> Ask(enrol::SupervisorToCaller call, const EnrolmentRequest& request,
                           CallerClient* caller) {
  ASSIGN_OR_RETURN(const TcpConnection connection,
                   ConnectTcp(request.servers, request.mark, BootNow() + kConnectPatience));
  RETURN_IF_ERROR(caller->Make(std::move(call), connection.socket));
  return Answer{caller->Wait(), connection.to};
}

absl::StatusOr<HeldLease> LeaseOf(CallerClient::Granted granted, std::string user,
                                  const enrol::LeaseToken& token, const SocketAddress& server) {
  if (!granted.pushed.has_value() || !granted.done.preshared_key.has_value()) {
    return absl::UnavailableError("the gateway's answer lacks settings; nothing was changed");
  }
  return HeldLease{.user = std::move(user),
                   .token = token,
                   .preshared_key = *granted.done.preshared_key,
                   .pushed = *std::move(granted.pushed),
                   .revision = granted.done.revision,
                   .key_exchange = granted.done.key_exchange,
                   .terms = {granted.done.expires_in_s, granted.done.session_ends_in_s},
                   .granted_at = BootNow(),
                   .server = server};
}

// nullopt: the session has ended, and a login may open another one.
absl::StatusOr<std::optional<HeldLease>> Continue(const ConnectFiles::Session& session,
                                                  const EnrolmentRequest& request,
                                                  CallerClient* caller) {
  enrol::RenewalCall call;
  call.token = session.token;
  call.rekey = request.public_key;
  ASSIGN_OR_RETURN(Answer answer, Ask(std::move(call), request, caller));
  if (const auto* const failed = std::get_if<enrol::CallFailed>(&answer.result)) {
    const bool has_ended = failed->exit_code == 5 || MayLogInAgain(*failed);
    if (has_ended) return std::nullopt;
    return ConnectFailure(*failed);
  }
  return LeaseOf(std::get<CallerClient::Granted>(std::move(answer.result)), session.user,
                 session.token, answer.server);
}

absl::StatusOr<HeldLease> LogIn(const EnrolmentRequest& request, CallerClient* caller) {
  ASSIGN_OR_RETURN(Credentials credentials, request.ask());
  enrol::LoginCall call;
  call.public_key = request.public_key;
  call.device = request.device;
  call.user = credentials.user;
  call.password = std::move(credentials.password);
  ASSIGN_OR_RETURN(Answer answer, Ask(std::move(call), request, caller));
  if (const auto* const failed = std::get_if<enrol::CallFailed>(&answer.result)) {
    return ConnectFailure(*failed);
  }
  CallerClient::Granted granted = std::get<CallerClient::Granted>(std::move(answer.result));
  if (!granted.done.token.has_value()) {
    return absl::UnavailableError("the gateway's answer lacks a token; nothing was changed");
  }
  const enrol::LeaseToken token = *granted.done.token;
  return LeaseOf(std::move(granted), std::move(credentials.user), token, answer.server);
}

}  // namespace

absl::StatusOr<HeldLease> Enrol(const EnrolmentRequest& request, const ConnectFiles& files,
                                CallerClient* caller) {
  const std::optional<ConnectFiles::Session> session = files.LoadSession();
  if (session.has_value() && (request.user.empty() || request.user == session->user)) {
    ASSIGN_OR_RETURN(std::optional<HeldLease> continued, Continue(*session, request, caller));
    if (continued.has_value()) return *std::move(continued);
    files.RemoveSession();
  }
  ASSIGN_OR_RETURN(HeldLease lease, LogIn(request, caller));
  RETURN_IF_ERROR(files.SaveSession({lease.user, lease.token}));
  return lease;
}

}  // namespace ringwire::platform
