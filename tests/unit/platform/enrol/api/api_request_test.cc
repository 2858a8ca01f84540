#include "platform/enrol/api/api_request.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ringwire::platform {
namespace {

const std::vector<std::string> kNames = {"vpn.example.net", "192.0.2.1", "2001:db8::1"};
constexpr char kKey[] = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

HttpRequest Request(const std::string& method, const std::string& target,
                    const std::string& body = "") {
  return {.method = method,
          .target = target,
          .fields = {{"host", "vpn.example.net"}, {"content-type", "application/json"}},
          .body = body};
}

int StatusOf(HttpRequest request) {
  const auto read = ReadApiRequest(&request, kNames);
  return std::holds_alternative<ApiError>(read) ? std::get<ApiError>(read).status : 0;
}

std::string Login(const std::string& user = "alice", const std::string& password = "secret",
                  const std::string& device = "laptop", const std::string& key = kKey) {
  return "{\"public_key\":\"" + key + "\",\"device\":\"" + device + "\",\"user\":\"" + user +
         "\",\"password\":\"" + password + "\"}";
}

int LoginStatus(const std::string& body) {
  return StatusOf(Request("POST", "/ringwire/v1/leases", body));
}

// What the other end reads when this end has written it.
template <typename Kind>
Kind Transfer(const Kind& kind) {
  HttpRequest request = WriteApiRequest(kind);
  for (HttpField& field : request.fields) {
    for (char& c : field.name) c = static_cast<char>(::tolower(c));
  }
  request.fields.push_back({"host", "vpn.example.net:443"});
  auto read = ReadApiRequest(&request, kNames);
  EXPECT_TRUE(std::holds_alternative<ApiRequest>(read));
  EXPECT_EQ(request.body.find("secret"), std::string::npos) << "the body is zeroed";
  return std::get<Kind>(std::get<ApiRequest>(std::move(read)));
}

TEST(ApiRequestTest, IsReadAsItWasWritten) {
  Transfer(ApiDiscovery{});
  const ApiLogin login =
      Transfer(ApiLogin{{1, 2}, "lap top", "alice", enrol::SecretBytes("secret")});
  EXPECT_EQ(login.public_key, (crypto::PublicKey{1, 2}));
  EXPECT_EQ(login.device, "lap top");
  EXPECT_EQ(login.user, "alice");
  EXPECT_EQ(login.password.view(), "secret");
  enrol::LeaseToken token;
  token.bytes()[0] = 0xfb;
  token.bytes()[31] = 0xff;
  const ApiRenewal renewal = Transfer(ApiRenewal{token, 7, crypto::PublicKey{9}});
  EXPECT_TRUE(renewal.token == token);
  EXPECT_EQ(renewal.revision, 7u);
  EXPECT_EQ(renewal.rekey, crypto::PublicKey{9});
  EXPECT_EQ(Transfer(ApiRenewal{token, 7, std::nullopt}).rekey, std::nullopt);
  EXPECT_TRUE(Transfer(ApiEnd{token}).token == token);
}

TEST(ApiRequestTest, AnswersToItsNamesAndAddressesOnly) {
  const auto status = [](const std::string& host) {
    HttpRequest request = Request("GET", "/ringwire/v1/");
    request.fields.front().value = host;
    return StatusOf(request);
  };
  for (const char* const host : {"vpn.example.net", "VPN.example.net:8443", "192.0.2.1",
                                 "192.0.2.1:443", "[2001:db8::1]", "[2001:DB8:0::1]:443"}) {
    EXPECT_EQ(status(host), 0) << host;
  }
  for (const char* const host : {"", "other.example", "vpn.example.net.evil", "192.0.2.2", "[::1]",
                                 "[2001:db8::1", ":443", "a@vpn.example.net"}) {
    EXPECT_EQ(status(host), 421) << host;
  }
}

TEST(ApiRequestTest, KnowsItsPathsAndMethods) {
  EXPECT_EQ(StatusOf(Request("GET", "/")), 404);
  EXPECT_EQ(StatusOf(Request("GET", "/ringwire/v1")), 404);
  EXPECT_EQ(StatusOf(Request("GET", "/ringwire/v2/")), 404);
  EXPECT_EQ(StatusOf(Request("GET", "/ringwire/v1/../v1/")), 404);
  EXPECT_EQ(StatusOf(Request("GET", "/ringwire/v1/?token=x")), 404) << "no query is ever read";
  EXPECT_EQ(StatusOf(Request("POST", "/ringwire/v1/", "{}")), 405);
  EXPECT_EQ(StatusOf(Request("GET", "/ringwire/v1/leases")), 405);
  EXPECT_EQ(StatusOf(Request("PUT", "/ringwire/v1/lease")), 405);
}

TEST(ApiRequestTest, TakesOnlyJson) {
  HttpRequest request = Request("POST", "/ringwire/v1/leases", Login());
  EXPECT_EQ(StatusOf(request), 0);
  request.fields.back().value = "Application/JSON; charset=utf-8";
  EXPECT_EQ(StatusOf(request), 0);
  request.fields.back().value = "text/plain";
  EXPECT_EQ(StatusOf(request), 415);
  request.fields.pop_back();
  EXPECT_EQ(StatusOf(request), 415);
}

TEST(ApiRequestTest, RefusesAMalformedLogin) {
  EXPECT_EQ(LoginStatus(Login()), 0);
  EXPECT_EQ(LoginStatus("{}"), 400);
  EXPECT_EQ(LoginStatus("[]"), 400);
  EXPECT_EQ(LoginStatus(Login() + "x"), 400);
  EXPECT_EQ(LoginStatus(Login("")), 400);
  EXPECT_EQ(LoginStatus(Login(std::string(65, 'a'))), 400);
  EXPECT_EQ(LoginStatus(Login("a\\u001b[2J")), 400);
  EXPECT_EQ(LoginStatus(Login("alice", "")), 400);
  EXPECT_EQ(LoginStatus(Login("alice", std::string(256, 'p'))), 0);
  EXPECT_EQ(LoginStatus(Login("alice", std::string(257, 'p'))), 400);
  EXPECT_EQ(LoginStatus(Login("alice", "a\\u0000b")), 400);
  EXPECT_EQ(LoginStatus(Login("alice", "p", "")), 400);
  EXPECT_EQ(LoginStatus(Login("alice", "p", std::string(65, 'd'))), 400);
  EXPECT_EQ(LoginStatus(Login("alice", "p", "a\\nb")), 400);
  EXPECT_EQ(LoginStatus(Login("alice", "p", "d", "AAAA")), 400);
  EXPECT_EQ(LoginStatus("{\"public_key\":1,\"device\":2,\"user\":3,\"password\":4}"), 400);
}

TEST(ApiRequestTest, ATokenComesInOneFieldOnly) {
  const std::string token(43, 'A');
  const auto status = [](std::vector<HttpField> fields, const std::string& body) {
    HttpRequest request = Request("POST", "/ringwire/v1/lease", body);
    request.fields.insert(request.fields.end(), fields.begin(), fields.end());
    return StatusOf(request);
  };
  EXPECT_EQ(status({{"authorization", "Bearer " + token}}, "{\"revision\":1}"), 0);
  EXPECT_EQ(status({{"authorization", "bearer " + token}}, "{\"revision\":1}"), 0);
  EXPECT_EQ(status({}, "{\"revision\":1}"), 401);
  EXPECT_EQ(status({{"x-authorization", "Bearer " + token}}, "{\"revision\":1}"), 401);
  EXPECT_EQ(status({}, "{\"revision\":1,\"token\":\"" + token + "\"}"), 401);
  EXPECT_EQ(status({{"authorization", "Bearer " + token}, {"authorization", "Bearer " + token}},
                   "{\"revision\":1}"),
            401);
  for (const std::string& wrong :
       {std::string("Bearer "), "Bearer " + token + "A", "Basic " + token, token,
        "Bearer " + token.substr(1), "Bearer " + token.substr(1) + "+", "Bearer " + token + "="}) {
    EXPECT_EQ(status({{"authorization", wrong}}, "{\"revision\":1}"), 401) << wrong;
  }
}

TEST(ApiRequestTest, RefusesAMalformedRenewal) {
  const auto status = [](const std::string& body) {
    HttpRequest request = Request("POST", "/ringwire/v1/lease", body);
    request.fields.push_back({"authorization", "Bearer " + std::string(43, 'A')});
    return StatusOf(request);
  };
  EXPECT_EQ(status("{\"revision\":4294967295,\"wait\":240}"), 0);
  EXPECT_EQ(status("{}"), 400);
  EXPECT_EQ(status("{\"revision\":-1}"), 400);
  EXPECT_EQ(status("{\"revision\":4294967296}"), 400);
  EXPECT_EQ(status("{\"revision\":\"1\"}"), 400);
  EXPECT_EQ(status("{\"revision\":1,\"rekey\":1}"), 400);
  EXPECT_EQ(status("{\"revision\":1,\"rekey\":true}"), 400) << "for which key?";
  EXPECT_EQ(status("{\"revision\":1,\"rekey\":true,\"public_key\":\"AAAA\"}"), 400);
}

}  // namespace
}  // namespace ringwire::platform
