#include "platform/enrol/api/api_request.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/base/ascii.h"
#include "core/device/key_text.h"
#include "core/enrol/limits.h"
#include "core/wire/address.h"
#include "platform/base/json_fields.h"
#include "platform/http/json_body.h"

namespace ringwire::platform {
namespace {

using nlohmann::json;

constexpr std::string_view kRoot = "/ringwire/v1/";
constexpr std::string_view kLeases = "/ringwire/v1/leases";
constexpr std::string_view kLease = "/ringwire/v1/lease";
constexpr std::string_view kBearer = "Bearer ";

constexpr ApiError kBadRequest{400, "bad_request"};
constexpr ApiError kBadToken{401, "credentials"};

void ZeroText(std::string* text) { crypto::Cleanse(text->data(), text->size()); }

// Host without its port.
std::string_view HostOf(std::string_view field) {
  const size_t bracket = field.find(']');
  if (field.starts_with('[') && bracket != std::string_view::npos) {
    return field.substr(1, bracket - 1);
  }
  return field.substr(0, field.find(':'));
}

bool AnswersTo(std::span<const std::string> server_names, std::string_view host) {
  const std::optional<IpAddress> address = IpAddress::Parse(host);
  return std::ranges::any_of(server_names, [&](const std::string& name) {
    if (address.has_value()) return IpAddress::Parse(name) == address;
    return EqualIgnoringCase(name, host);
  });
}

bool IsJson(const HttpRequest& request) {
  const std::string* const type = request.Field("content-type");
  if (type == nullptr) return false;
  const std::string_view media = std::string_view(*type).substr(0, type->find(';'));
  return EqualIgnoringCase(Trim(media), "application/json");
}

bool IsLabel(const std::string& text, size_t max) {
  return !text.empty() && text.size() <= max &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::optional<crypto::PublicKey> KeyIn(const json& body, const char* name) {
  const std::optional<std::string> text = TextIn(body, name);
  crypto::PublicKey key{};
  if (!text.has_value() || !ParseKeyBase64(*text, key)) return std::nullopt;
  return key;
}

std::optional<enrol::SecretBytes> PasswordIn(json* body) {
  const auto found = body->find("password");
  if (found == body->end() || !found->is_string()) return std::nullopt;
  std::string& text = found->get_ref<std::string&>();
  enrol::SecretBytes password(text);
  const bool valid = !text.empty() && text.size() <= enrol::kPasswordBytesMax &&
                     text.find('\0') == std::string::npos;
  ZeroText(&text);
  if (!valid) return std::nullopt;
  return password;
}

std::variant<ApiRequest, ApiError> ReadLogin(json* body) {
  const std::optional<crypto::PublicKey> key = KeyIn(*body, "public_key");
  std::optional<std::string> device = TextIn(*body, "device");
  std::optional<std::string> user = TextIn(*body, "user");
  std::optional<enrol::SecretBytes> password = PasswordIn(body);
  const bool valid = key.has_value() && device.has_value() && user.has_value() &&
                     password.has_value() && IsLabel(*device, enrol::kDeviceBytesMax) &&
                     IsLabel(*user, enrol::kUserBytesMax);
  if (!valid) return kBadRequest;
  return ApiRequest(ApiLogin{*key, *std::move(device), *std::move(user), *std::move(password)});
}

std::variant<ApiRequest, ApiError> ReadRenewal(const json& body, const enrol::LeaseToken& token) {
  ApiRenewal renewal{.token = token};
  const std::optional<uint32_t> revision = NumberIn<uint32_t>(body, "revision");
  const bool has_rekey = MemberIn(body, "rekey") != nullptr;
  const std::optional<bool> rekey = FlagIn(body, "rekey");
  if (!revision.has_value() || (has_rekey && !rekey.has_value())) return kBadRequest;
  renewal.revision = *revision;
  if (rekey.value_or(false)) {
    renewal.rekey = KeyIn(body, "public_key");
    if (!renewal.rekey.has_value()) return kBadRequest;
  }
  return ApiRequest(std::move(renewal));
}

std::optional<enrol::LeaseToken> TokenIn(const HttpRequest& request) {
  const std::string* const field = request.Field("authorization");
  const auto count = std::ranges::count(request.fields, "authorization", &HttpField::name);
  if (field == nullptr || count != 1 || field->size() <= kBearer.size() ||
      !EqualIgnoringCase(std::string_view(*field).substr(0, kBearer.size()), kBearer)) {
    return std::nullopt;
  }
  enrol::LeaseToken token;
  if (!ParseBase64Url(std::string_view(*field).substr(kBearer.size()), token.bytes())) {
    return std::nullopt;
  }
  return token;
}

std::variant<ApiRequest, ApiError> ReadBody(HttpRequest* request, bool is_login) {
  std::optional<enrol::LeaseToken> token;
  if (!is_login) {
    token = TokenIn(*request);
    if (!token.has_value()) return kBadToken;
  }
  if (!IsJson(*request)) return ApiError{415, "unsupported_type"};
  std::optional<json> body = ParseJsonBody(request->body);
  ZeroText(&request->body);
  if (!body.has_value()) return kBadRequest;
  return is_login ? ReadLogin(&*body) : ReadRenewal(*body, *token);
}

HttpRequest Post(std::string_view target, const json& body) {
  return {.method = "POST",
          .target = std::string(target),
          .fields = {{"Content-Type", "application/json"}},
          .body = body.dump()};
}

void AddToken(const enrol::LeaseToken& token, HttpRequest* request) {
  request->fields.push_back({"Authorization", std::string(kBearer) + Base64Url(token.bytes())});
}

HttpRequest Write(const ApiDiscovery&) { return {.method = "GET", .target = std::string(kRoot)}; }

HttpRequest Write(const ApiLogin& login) {
  json body = {{"public_key", KeyToBase64(login.public_key)},
               {"device", login.device},
               {"user", login.user},
               {"password", login.password.view()}};
  HttpRequest request = Post(kLeases, body);
  ZeroText(&body["password"].get_ref<std::string&>());
  return request;
}

HttpRequest Write(const ApiRenewal& renewal) {
  json body = {{"revision", renewal.revision}, {"rekey", renewal.rekey.has_value()}};
  if (renewal.rekey.has_value()) body["public_key"] = KeyToBase64(*renewal.rekey);
  HttpRequest request = Post(kLease, body);
  AddToken(renewal.token, &request);
  return request;
}

HttpRequest Write(const ApiEnd& end) {
  HttpRequest request{.method = "DELETE", .target = std::string(kLease)};
  AddToken(end.token, &request);
  return request;
}

}  // namespace

std::variant<ApiRequest, ApiError> ReadApiRequest(HttpRequest* request,
                                                  std::span<const std::string> server_names) {
  const std::string* const host = request->Field("host");
  if (host == nullptr || !AnswersTo(server_names, HostOf(*host))) {
    return ApiError{421, "misdirected"};
  }
  const std::string_view path = request->target;  // a query is part of no path of ours
  const std::string_view method = request->method;
  const ApiError wrong_method{405, "method_not_allowed"};
  if (path == kRoot) {
    if (method != "GET") return wrong_method;
    return ApiRequest(ApiDiscovery{});
  }
  if (path == kLeases) return method == "POST" ? ReadBody(request, true) : wrong_method;
  if (path != kLease) return ApiError{404, "not_found"};
  if (method == "POST") return ReadBody(request, false);
  if (method != "DELETE") return wrong_method;
  const std::optional<enrol::LeaseToken> token = TokenIn(*request);
  if (!token.has_value()) return kBadToken;
  return ApiRequest(ApiEnd{*token});
}

HttpRequest WriteApiRequest(const ApiRequest& request) {
  return std::visit([](const auto& kind) { return Write(kind); }, request);
}

std::string Base64Url(std::span<const uint8_t, 32> bytes) {
  std::string text = KeyToBase64(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.pop_back();  // the padding
  return text;
}

bool ParseBase64Url(std::string_view text, std::span<uint8_t, 32> bytes) {
  if (text.size() != kKeyBase64Length - 1 || text.find_first_of("+/=") != std::string_view::npos) {
    return false;
  }
  std::string base64(text);
  std::ranges::replace(base64, '-', '+');
  std::ranges::replace(base64, '_', '/');
  base64 += '=';
  const bool valid = ParseKeyBase64(base64, bytes);
  ZeroText(&base64);
  return valid;
}

}  // namespace ringwire::platform
