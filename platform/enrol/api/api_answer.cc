#include "platform/enrol/api/api_answer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "platform/base/json_fields.h"
#include "platform/enrol/api/pushed_json.h"
#include "platform/http/json_body.h"

namespace ringwire::platform {
namespace {

using enrol::EndReason;
using enrol::VerdictCode;
using nlohmann::json;

constexpr int kVersion = 1;
constexpr uint32_t kBusySeconds = 5;
constexpr uint32_t kRetrySecondsMax = 600;

HttpResponse JsonAnswer(int status, const json& body) {
  return {.status = status, .content_type = "application/json", .body = body.dump()};
}

std::string_view ReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::kNone:
    case EndReason::kRevoked:
      return "revoked";
    case EndReason::kExpired:
      return "expired";
    case EndReason::kReplaced:
      return "replaced";
    case EndReason::kSession:
      return "session";
  }
  return "revoked";
}

HttpResponse RetryAnswer(int status, std::string_view error, uint32_t seconds) {
  HttpResponse response = ErrorAnswer({status, error});
  const uint32_t after = std::clamp(seconds, uint32_t{1}, kRetrySecondsMax);
  response.fields.push_back({"Retry-After", std::to_string(after)});
  return response;
}

json LeaseJson(const enrol::GivenLease& given, uint32_t revision) {
  return {{"expires_in", given.expires_in_s},
          {"session_ends_in", given.session_ends_in_s},
          {"revision", revision}};
}

json ConfigJson(const enrol::GivenLease& given, const enrol::PortalSettings& settings) {
  return ToJson(enrol::PushedConfig{settings.gateway_key, given.addresses, settings.pushed});
}

std::string Hex(const enrol::LeaseId& id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<json> BodyOf(const HttpResponse& response) {
  if (!response.content_type.starts_with("application/json")) return std::nullopt;
  return ParseJsonBody(response.body);
}

}  // namespace

HttpResponse DiscoveryAnswer(const std::array<uint8_t, 32>& binding) {
  return JsonAnswer(200, {{"version", kVersion},
                          {"methods", {"password"}},
                          {"code", false},
                          {"binding", Base64Url(binding)}});
}

HttpResponse LoginAnswer(const enrol::GivenLease& given, const enrol::PortalSettings& settings) {
  json body = LeaseJson(given, settings.revision);
  body["lease"] = Hex(given.lease);
  body["token"] = Base64Url(given.token.bytes());
  body["config"] = ConfigJson(given, settings);
  HttpResponse response = JsonAnswer(201, body);
  std::string& token = body["token"].get_ref<std::string&>();
  crypto::Cleanse(token.data(), token.size());
  return response;
}

HttpResponse RenewalAnswer(const enrol::GivenLease& given, const enrol::PortalSettings& settings,
                           uint32_t known_revision) {
  json body = LeaseJson(given, settings.revision);
  if (known_revision != settings.revision) body["config"] = ConfigJson(given, settings);
  return JsonAnswer(200, body);
}

HttpResponse EndAnswer() { return {.status = 204}; }

HttpResponse ErrorAnswer(const ApiError& error) {
  HttpResponse response = JsonAnswer(error.status, {{"error", error.error}});
  // RFC 9110 demands it. One answer for every refused proof.
  if (error.status == 401) response.fields.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

HttpResponse BusyAnswer() { return RetryAnswer(503, "busy", kBusySeconds); }

HttpResponse RefusalAnswer(const enrol::Verdict& verdict) {
  switch (verdict.code) {
    case VerdictCode::kCredentials:
      return ErrorAnswer({401, "credentials"});
    case VerdictCode::kEnded:
      return JsonAnswer(403, {{"error", "ended"}, {"reason", ReasonName(verdict.reason)}});
    case VerdictCode::kBadKey:
      return ErrorAnswer({400, "bad_request"});
    case VerdictCode::kKeyInUse:
      return ErrorAnswer({409, "key_in_use"});
    case VerdictCode::kDevices:
      return ErrorAnswer({409, "devices"});
    case VerdictCode::kTooMany:
      return RetryAnswer(429, "too_many", verdict.retry_after_s);
    case VerdictCode::kFull:
      return RetryAnswer(503, "full", verdict.retry_after_s);
    case VerdictCode::kGranted:
    case VerdictCode::kBusy:
      return RetryAnswer(503, "busy", verdict.retry_after_s);
  }
  return BusyAnswer();
}

std::optional<std::array<uint8_t, 32>> ReadDiscovery(const HttpResponse& response) {
  const std::optional<json> body = BodyOf(response);
  if (response.status != 200 || !body.has_value()) return std::nullopt;
  const std::optional<std::string> text = TextIn(*body, "binding");
  std::array<uint8_t, 32> binding{};
  if (NumberIn<int>(*body, "version") != kVersion || !text.has_value() ||
      !ParseBase64Url(*text, binding)) {
    return std::nullopt;
  }
  return binding;
}

std::optional<ApiLease> ReadLease(const HttpResponse& response) {
  const std::optional<json> body = BodyOf(response);
  if (!body.has_value()) return std::nullopt;
  const auto expires = NumberIn<uint32_t>(*body, "expires_in");
  const auto session_ends = NumberIn<uint32_t>(*body, "session_ends_in");
  const auto revision = NumberIn<uint32_t>(*body, "revision");
  if (!expires.has_value() || !session_ends.has_value() || !revision.has_value()) {
    return std::nullopt;
  }
  ApiLease lease{std::nullopt, *expires, *session_ends, *revision, std::nullopt};
  if (response.status == 201) {
    std::optional<std::string> token = TextIn(*body, "token");
    lease.token.emplace();
    if (!token.has_value() || !ParseBase64Url(*token, lease.token->bytes())) return std::nullopt;
    crypto::Cleanse(token->data(), token->size());
  }
  const json* const config = MemberIn(*body, "config");
  if (config != nullptr) lease.config = ReadPushedConfig(*config);
  const bool needs_config = config != nullptr || response.status == 201;
  if (needs_config && !lease.config.has_value()) return std::nullopt;
  return lease;
}

ApiRefusal ReadRefusal(const HttpResponse& response) {
  ApiRefusal refusal{.status = response.status};
  if (const std::optional<json> body = BodyOf(response)) {
    refusal.error = TextIn(*body, "error").value_or("");
    refusal.reason = TextIn(*body, "reason").value_or("");
  }
  if (const std::string* const after = response.Field("retry-after")) {
    uint32_t seconds = 0;
    std::from_chars(after->data(), after->data() + after->size(), seconds);
    refusal.retry_after_s = std::min(seconds, kRetrySecondsMax);
  }
  return refusal;
}

}  // namespace ringwire::platform
