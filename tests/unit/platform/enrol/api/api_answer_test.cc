#include "platform/enrol/api/api_answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "platform/enrol/api/pushed_json.h"
#include "platform/http/http_response_reader.h"

namespace ringwire::platform {
namespace {

using enrol::EndReason;
using enrol::VerdictCode;
using nlohmann::json;

enrol::PortalSettings Settings() {
  enrol::PortalSettings settings;
  settings.gateway_key = {7};
  settings.revision = 3;
  settings.pushed = {.gateway_addresses = {*IpAddress::Parse("10.77.0.1")},
                     .routes = {*Prefix::Parse("10.77.0.0/16"), *Prefix::Parse("::/0")},
                     .endpoints = {"vpn.example.net:51820", "[2001:db8::1]:51820"},
                     .dns_servers = {*IpAddress::Parse("192.168.60.1")},
                     .dns_domains = {"corp.example", "~lan"},
                     .mtu = 1420,
                     .keepalive_s = 25};
  return settings;
}

enrol::GivenLease Given() {
  enrol::GivenLease given;
  given.lease = {0xab, 0xcd};
  given.token.bytes()[5] = 9;
  given.addresses = {*IpAddress::Parse("10.77.0.5"), *IpAddress::Parse("fd77::5")};
  given.expires_in_s = 3600;
  given.session_ends_in_s = 86400;
  return given;
}

TEST(ApiAnswerTest, ALeaseIsReadAsItWasWritten) {
  const HttpResponse response = LoginAnswer(Given(), Settings());
  EXPECT_EQ(response.status, 201);
  const std::optional<ApiLease> lease = ReadLease(response);
  ASSERT_TRUE(lease.has_value()) << response.body;
  EXPECT_TRUE(lease->token == Given().token);
  EXPECT_EQ(lease->expires_in_s, 3600u);
  EXPECT_EQ(lease->session_ends_in_s, 86400u);
  EXPECT_EQ(lease->revision, 3u);
  ASSERT_TRUE(lease->config.has_value());
  EXPECT_EQ(lease->config->gateway_key, crypto::PublicKey{7});
  EXPECT_EQ(lease->config->addresses, Given().addresses);
  const enrol::PushedSettings& read = lease->config->settings;
  const enrol::PushedSettings sent = Settings().pushed;
  EXPECT_EQ(read.gateway_addresses, sent.gateway_addresses);
  EXPECT_EQ(read.routes, sent.routes);
  EXPECT_EQ(read.endpoints, sent.endpoints);
  EXPECT_EQ(read.dns_servers, sent.dns_servers);
  EXPECT_EQ(read.dns_domains, sent.dns_domains);
  EXPECT_EQ(read.mtu, 1420);
  EXPECT_EQ(read.keepalive_s, 25);
  EXPECT_NE(response.body.find("\"lease\":\"abcd0000000000000000000000000000\""),
            std::string::npos);
}

TEST(ApiAnswerTest, ARenewalBringsSettingsOnlyIfTheyAreNew) {
  const auto same = ReadLease(RenewalAnswer(Given(), Settings(), 3));
  ASSERT_TRUE(same.has_value());
  EXPECT_FALSE(same->config.has_value());
  EXPECT_FALSE(same->token.has_value());
  const HttpResponse other = RenewalAnswer(Given(), Settings(), 2);
  EXPECT_EQ(other.body.find("token"), std::string::npos);
  EXPECT_TRUE(ReadLease(other)->config.has_value());
}

TEST(ApiAnswerTest, TheBindingIsReadAsItWasWritten) {
  const std::array<uint8_t, 32> binding{1, 2, 0xff};
  EXPECT_EQ(ReadDiscovery(DiscoveryAnswer(binding)), binding);
  EXPECT_EQ(ReadDiscovery(EndAnswer()), std::nullopt);
  EXPECT_EQ(ReadDiscovery({.body = "<html>"}), std::nullopt);
}

TEST(ApiAnswerTest, EveryRefusalHasItsStatus) {
  const auto refusal = [](VerdictCode code, EndReason reason = EndReason::kNone) {
    const HttpResponse sent = RefusalAnswer({9, code, reason, 42, std::nullopt});
    HttpResponseReader reader({});
    reader.Take(ToHttpMessage(sent, /*head_only=*/false, /*close=*/false));
    return ReadRefusal(reader.TakeResponse());
  };
  EXPECT_EQ(refusal(VerdictCode::kCredentials).status, 401);
  EXPECT_EQ(refusal(VerdictCode::kCredentials).error, "credentials");
  EXPECT_EQ(refusal(VerdictCode::kBadKey).status, 400);
  EXPECT_EQ(refusal(VerdictCode::kKeyInUse).error, "key_in_use");
  EXPECT_EQ(refusal(VerdictCode::kDevices).status, 409);
  EXPECT_EQ(refusal(VerdictCode::kTooMany).retry_after_s, 42u);
  EXPECT_EQ(refusal(VerdictCode::kTooMany).status, 429);
  EXPECT_EQ(refusal(VerdictCode::kFull).error, "full");
  EXPECT_EQ(refusal(VerdictCode::kBusy).status, 503);
  EXPECT_EQ(refusal(VerdictCode::kEnded, EndReason::kExpired).reason, "expired");
  EXPECT_EQ(refusal(VerdictCode::kEnded, EndReason::kReplaced).reason, "replaced");
  EXPECT_EQ(refusal(VerdictCode::kEnded, EndReason::kRevoked).status, 403);
  EXPECT_EQ(refusal(VerdictCode::kEnded, EndReason::kSession).reason, "session");
}

TEST(ApiAnswerTest, EveryRefusedProofHasOneAnswer) {
  const std::string a = ToHttpMessage(ErrorAnswer({401, "credentials"}), false, false);
  const enrol::Verdict verdict{9, VerdictCode::kCredentials, EndReason::kNone, 3, std::nullopt};
  EXPECT_EQ(a, ToHttpMessage(RefusalAnswer(verdict), false, false));
}

TEST(ApiAnswerTest, TheClientBoundsWhatItReads) {
  const json valid = ToJson({{7}, Given().addresses, Settings().pushed});
  EXPECT_TRUE(ReadPushedConfig(valid).has_value());
  const auto with = [&](const char* key, json value) {
    json changed = valid;
    changed[key] = std::move(value);
    return ReadPushedConfig(changed).has_value();
  };
  EXPECT_TRUE(with("unknown", 1));
  EXPECT_FALSE(with("gateway_key", "AAAA"));
  EXPECT_FALSE(with("addresses", json::array()));
  EXPECT_FALSE(with("addresses", {"10.0.0.0/24"}));
  EXPECT_FALSE(with("addresses", {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}));
  EXPECT_FALSE(with("addresses", {1}));
  EXPECT_FALSE(with("routes", std::vector<std::string>(257, "10.0.0.0/8")));
  EXPECT_TRUE(with("routes", std::vector<std::string>(256, "10.0.0.0/8")));
  EXPECT_FALSE(with("routes", {"10.0.0.0/33"}));
  EXPECT_FALSE(with("endpoints", json::array()));
  for (const char* const endpoint :
       {"-x", "a:0", "a:65536", "a b:1", "a;id:1", ":1", "-x:1", "$(id):1", "a\n:1"}) {
    EXPECT_FALSE(with("endpoints", {endpoint})) << endpoint;
  }
  EXPECT_FALSE(with("mtu", 1279));
  EXPECT_FALSE(with("mtu", 9001));
  EXPECT_FALSE(with("mtu", "1420"));
  EXPECT_FALSE(with("keepalive", 3601));
  EXPECT_TRUE(with("dns", {{"servers", json::array()}, {"domains", json::array()}}));
  EXPECT_FALSE(with("dns", json::array()));
  for (const std::string& domain :
       {std::string("x;id"), std::string("$(id)"), std::string("a\nb"), std::string(64, 'a'),
        std::string("-a"), std::string("a-"), std::string("a..b"), std::string(""),
        std::string("~"), std::string("a.")}) {
    EXPECT_FALSE(with("dns", {{"servers", json::array()}, {"domains", {domain}}})) << domain;
  }
}

TEST(ApiAnswerTest, AFullConfigurationFitsAnAnswer) {
  enrol::PortalSettings settings = Settings();
  const Prefix longest = *Prefix::Parse("2001:db8:1234:5678:9abc:def0:1234:5678/127");
  settings.pushed.routes.assign(enrol::kPushedRoutesMax, longest);
  settings.pushed.dns_domains.assign(enrol::kPushedDomainsMax,
                                     "~" + std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                                         std::string(63, 'c') + "." + std::string(61, 'd'));
  const HttpResponse response = LoginAnswer(Given(), settings);
  EXPECT_LE(response.body.size(), kApiAnswerBytesMax);
  EXPECT_TRUE(ReadLease(response).has_value());
}

}  // namespace
}  // namespace ringwire::platform
