#include "platform/caller/lease_calls.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/tls/session_keys.h"

namespace ringwire::platform {
namespace {

absl::Status Malformed() {
  return absl::UnavailableError("the gateway's answer is malformed; nothing was changed");
}

struct KnownReason {
  enrol::EndReason reason;
  std::string_view name;
};
// The first one stands for others, which are not printed.
constexpr std::array kKnownReasons = {KnownReason{enrol::EndReason::kRevoked, "revoked"},
                                      KnownReason{enrol::EndReason::kExpired, "expired"},
                                      KnownReason{enrol::EndReason::kReplaced, "replaced"},
                                      KnownReason{enrol::EndReason::kSession, "session"}};

const KnownReason& ReasonNamed(std::string_view name) {
  const auto* const found = std::ranges::find(kKnownReasons, name, &KnownReason::name);
  return found == kKnownReasons.end() ? kKnownReasons.front() : *found;
}

constexpr char kRetryAfter[] = "ringwire/retry-after";
constexpr char kEndReason[] = "ringwire/end-reason";

absl::Status OfEnded(const ApiRefusal& refusal) {
  const std::string_view name = ReasonNamed(refusal.reason).name;
  absl::Status status =
      absl::AbortedError(fmt::format("access was ended by the gateway ({})", name));
  status.SetPayload(kEndReason, absl::Cord(absl::string_view(name.data(), name.size())));
  return status;
}

absl::Status RetryLater(absl::Status status, const ApiRefusal& refusal) {
  if (refusal.retry_after_s > 0) {
    const std::string seconds = std::to_string(refusal.retry_after_s);
    status.SetPayload(kRetryAfter, absl::Cord(absl::string_view(seconds)));
  }
  return status;
}

absl::Status OfTooMany(const ApiRefusal& refusal) {
  return RetryLater(absl::PermissionDeniedError(
                        fmt::format("too many tries; again in {} s", refusal.retry_after_s)),
                    refusal);
}

absl::Status OfBusy(const ApiRefusal& refusal) {
  return RetryLater(absl::UnavailableError(refusal.error == "full"
                                               ? "the gateway has no free address"
                                               : "the gateway cannot decide now; try again later"),
                    refusal);
}

}  // namespace

absl::Status StatusOf(const ApiRefusal& refusal) {
  switch (refusal.status) {
    case 401:
      return absl::PermissionDeniedError(
          "name, password or code is wrong, or the account is not in use");
    case 403:
      if (refusal.error == "post_quantum") {
        return absl::UnauthenticatedError(
            "the gateway demands a post-quantum key exchange; set PostQuantum to auto");
      }
      return OfEnded(refusal);
    case 409:
      return absl::FailedPreconditionError(refusal.error == "devices"
                                               ? "the account has no room for another device"
                                               : "the gateway knows this key as another's");
    case 429:
      return OfTooMany(refusal);
    case 503:
      return OfBusy(refusal);
    default:
      return absl::UnavailableError(
          fmt::format("the gateway refuses the request (status {})", refusal.status));
  }
}

absl::StatusOr<CalledLease> CallLogin(CallerSession* session, const ApiLogin& login,
                                      Instant deadline) {
  ASSIGN_OR_RETURN(const HttpResponse response, session->Ask(login, deadline));
  if (response.status != 201) return StatusOf(ReadRefusal(response));
  std::optional<ApiLease> lease = ReadLease(response);
  if (!lease.has_value()) return Malformed();
  ASSIGN_OR_RETURN(crypto::PresharedKey key,
                   PresharedKeyOf(session->tls(), login.public_key, lease->config->gateway_key));
  return CalledLease{*std::move(lease), std::move(key)};
}

absl::StatusOr<CalledLease> CallRenewal(CallerSession* session, const ApiRenewal& renewal,
                                        const crypto::PublicKey& gateway_key, Instant deadline) {
  ASSIGN_OR_RETURN(const HttpResponse response, session->Ask(renewal, deadline));
  if (response.status != 200) return StatusOf(ReadRefusal(response));
  std::optional<ApiLease> lease = ReadLease(response);
  if (!lease.has_value()) return Malformed();
  CalledLease called{*std::move(lease), std::nullopt};
  if (!renewal.rekey.has_value()) return called;
  const crypto::PublicKey& key =
      called.lease.config.has_value() ? called.lease.config->gateway_key : gateway_key;
  ASSIGN_OR_RETURN(called.preshared_key, PresharedKeyOf(session->tls(), *renewal.rekey, key));
  return called;
}

absl::Status CallEnd(CallerSession* session, const ApiEnd& end, Instant deadline) {
  ASSIGN_OR_RETURN(const HttpResponse response, session->Ask(end, deadline));
  return response.status == 204 ? absl::OkStatus() : StatusOf(ReadRefusal(response));
}

uint32_t RetryAfterOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryAfter);
  uint32_t seconds = 0;
  if (!payload.has_value()) return seconds;
  const std::string text(*payload);
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds;
}

enrol::EndReason EndReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kEndReason);
  if (!payload.has_value()) return enrol::EndReason::kNone;
  return ReasonNamed(std::string(*payload)).reason;
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kPermissionDenied:
      return 3;
    case absl::StatusCode::kUnauthenticated:
      return 4;
    case absl::StatusCode::kAborted:
      return 5;
    default:
      return 1;
  }
}

}  // namespace ringwire::platform
