#ifndef RINGWIRE_PLATFORM_ENROL_API_API_ANSWER_H_
#define RINGWIRE_PLATFORM_ENROL_API_API_ANSWER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/enrol/message_files.h"
#include "core/enrol/messages.h"
#include "core/enrol/pushed_config.h"
#include "platform/enrol/api/api_request.h"
#include "platform/http/http_message.h"

// The answers of the HTTP API, version 1, for both ends. Pure.
namespace ringwire::platform {

// Bytes of an answer's body: 256 routes fit, and everything else.
inline constexpr size_t kApiAnswerBytesMax = 32'768;

// The answer to a login (with a token) and to a renewal.
struct ApiLease {
  std::optional<enrol::LeaseToken> token;
  uint32_t expires_in_s = 0;
  uint32_t session_ends_in_s = 0;
  uint32_t revision = 0;
  std::optional<enrol::PushedConfig> config;  // absent: the client has this revision
};

HttpResponse DiscoveryAnswer(const std::array<uint8_t, 32>& binding);
HttpResponse LoginAnswer(const enrol::GivenLease& given, const enrol::PortalSettings& settings);
HttpResponse RenewalAnswer(const enrol::GivenLease& given, const enrol::PortalSettings& settings,
                           uint32_t known_revision);
HttpResponse EndAnswer();
HttpResponse ErrorAnswer(const ApiError& error);
// The answer to a request that the registrar did not grant.
HttpResponse RefusalAnswer(const enrol::Verdict& verdict);
// 503, for a request that nobody can decide now.
HttpResponse BusyAnswer();

// The client's side. nullopt: not an answer of this API.
std::optional<std::array<uint8_t, 32>> ReadDiscovery(const HttpResponse& response);
std::optional<ApiLease> ReadLease(const HttpResponse& response);
// Of an answer that is neither 200, 201 nor 204.
struct ApiRefusal {
  int status = 0;
  std::string error = {};   // as the API names it, or empty
  std::string reason = {};  // of `ended`
  uint32_t retry_after_s = 0;
};
ApiRefusal ReadRefusal(const HttpResponse& response);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_ENROL_API_API_ANSWER_H_
