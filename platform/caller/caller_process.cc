#include "platform/caller/caller_process.h"

#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "platform/caller/caller_session.h"
#include "platform/caller/lease_calls.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/process/report_error.h"
#include "platform/sandbox/confinement.h"
#include "platform/tls/tls_context.h"

namespace ringwire::platform {
namespace {

using Descriptors = std::vector<UniqueFd>;

class Caller {
 public:
  explicit Caller(UniqueFd channel) : supervisor_(std::move(channel)) {}

  // Until the supervisor is gone: NotFound. Another error: it sent something that is no message.
  absl::Status Serve();

 private:
  absl::Status Take(const enrol::NewCallerSettings&, Descriptors descriptors);
  template <typename Call>
  absl::Status Take(const Call& call, Descriptors descriptors);

  absl::StatusOr<CallerSession> Open(Descriptors descriptors, Instant deadline) const;
  absl::StatusOr<CalledLease> Make(const enrol::LoginCall& call, CallerSession* session,
                                   Instant deadline);
  absl::StatusOr<CalledLease> Make(const enrol::RenewalCall& call, CallerSession* session,
                                   Instant deadline);
  absl::StatusOr<CalledLease> Make(const enrol::EndCall& call, CallerSession* session,
                                   Instant deadline);
  absl::Status Report(uint32_t id, const CalledLease& called, const CallerSession& session);
  absl::Status Report(uint32_t id, const absl::Status& failure);

  CallerEndToSupervisor supervisor_;
  std::shared_ptr<const TlsContext> context_;
  std::string host_;
};

absl::Status Caller::Serve() {
  while (true) {
    pollfd wait{supervisor_.fd(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    ASSIGN_OR_RETURN(auto packet, supervisor_.TryReceive());
    if (!packet.has_value()) continue;
    RETURN_IF_ERROR(std::visit(
        [&](const auto& message) { return Take(message, std::move(packet->descriptors)); },
        packet->message));
  }
}

absl::Status Caller::Take(const enrol::NewCallerSettings&, Descriptors descriptors) {
  if (descriptors.size() != 1) return absl::InvalidArgumentError("there are no settings");
  ASSIGN_OR_RETURN(const enrol::SecretBytes bytes, ReadSealedMemory(descriptors.front().get()));
  auto settings = enrol::DecodeFile<enrol::CallerSettings>(bytes.view());
  if (!settings.has_value()) return absl::InvalidArgumentError("the settings are malformed");
  ServerTrust trust{.name = settings->name, .anchors = {}, .pin = settings->pin};
  if (!settings->anchors.empty()) {
    ASSIGN_OR_RETURN(trust.anchors, TrustAnchors::FromPem(settings->anchors));
  }
  ASSIGN_OR_RETURN(context_, TlsContext::ForClient({std::move(trust), settings->post_quantum}));
  host_ = std::move(settings->host);
  return absl::OkStatus();
}

template <typename Call>
absl::Status Caller::Take(const Call& call, Descriptors descriptors) {
  const Instant deadline = BootNow() + absl::Seconds(call.patience_s);
  absl::StatusOr<CallerSession> session = Open(std::move(descriptors), deadline);
  if (!session.ok()) return Report(call.id, session.status());
  const absl::StatusOr<CalledLease> called = Make(call, &*session, deadline);
  return called.ok() ? Report(call.id, *called, *session) : Report(call.id, called.status());
}

absl::StatusOr<CallerSession> Caller::Open(Descriptors descriptors, Instant deadline) const {
  if (context_ == nullptr || descriptors.size() != 1) {
    return absl::InternalError("a call needs settings and a socket");
  }
  return CallerSession::Open(std::move(descriptors.front()), context_, host_, deadline);
}

absl::StatusOr<CalledLease> Caller::Make(const enrol::LoginCall& call, CallerSession* session,
                                         Instant deadline) {
  return CallLogin(session, {call.public_key, call.device, call.user, call.password}, deadline);
}

absl::StatusOr<CalledLease> Caller::Make(const enrol::RenewalCall& call, CallerSession* session,
                                         Instant deadline) {
  return CallRenewal(session, {call.token, call.revision, call.rekey}, call.gateway_key, deadline);
}

absl::StatusOr<CalledLease> Caller::Make(const enrol::EndCall& call, CallerSession* session,
                                         Instant deadline) {
  RETURN_IF_ERROR(CallEnd(session, {call.token}, deadline));
  return CalledLease{};
}

absl::Status Caller::Report(uint32_t id, const CalledLease& called, const CallerSession& session) {
  const enrol::CallDone done{.id = id,
                             .token = called.lease.token,
                             .preshared_key = called.preshared_key,
                             .expires_in_s = called.lease.expires_in_s,
                             .session_ends_in_s = called.lease.session_ends_in_s,
                             .revision = called.lease.revision,
                             .key_exchange = session.tls().key_exchange()};
  if (!called.lease.config.has_value()) return supervisor_.Send(done);
  ASSIGN_OR_RETURN(const UniqueFd memory,
                   MakeSealedMemory(enrol::EncodeFile(*called.lease.config).view()));
  const int descriptor = memory.get();
  return supervisor_.Send(done, {&descriptor, 1});
}

absl::Status Caller::Report(uint32_t id, const absl::Status& failure) {
  std::string text = MessageOf(failure).substr(0, 512);
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return supervisor_.Send(enrol::CallFailed{.id = id,
                                            .exit_code = static_cast<uint8_t>(ExitCodeOf(failure)),
                                            .retry_after_s = RetryAfterOf(failure),
                                            .reason = EndReasonOf(failure),
                                            .text = std::move(text)});
}

}  // namespace

int RunCaller(UniqueFd channel, pid_t supervisor) {
  ::prctl(PR_SET_NAME, "rw-caller", 0, 0, 0);
  PrepareTlsForSandbox();
  Caller caller(std::move(channel));
  absl::StatusOr<Confinement> confinement =
      Confinement::GiveUpRights({.role = SandboxRole::kCaller, .parent = supervisor});
  if (!confinement.ok() || !confinement->Seal().ok()) return kExitFailure;
  return absl::IsNotFound(caller.Serve()) ? kExitSuccess : kExitFailure;
}

bool IsCallerProgram(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[0]) == kCallerProgram;
}

int RunCallerProgram(int /*argc*/, char** argv) {
  const std::string_view text = argv[1];
  pid_t supervisor = 0;
  std::from_chars(text.data(), text.data() + text.size(), supervisor);
  return RunCaller(UniqueFd(kCallerChannel), supervisor);
}

}  // namespace ringwire::platform
