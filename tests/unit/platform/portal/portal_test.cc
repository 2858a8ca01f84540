#include "platform/portal/portal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "platform/portal/portal_limits.h"
#include "platform/tls/session_keys.h"
#include "tests/unit/platform/portal/portal_fixture.h"

namespace ringwire::platform {
namespace {

using enrol::VerdictCode;

// The id of a message that asks for a decision.
uint32_t IdOf(const enrol::PortalToRegistrar& message) {
  return std::visit([](const auto& kind) { return kind.id; }, message);
}

ApiLogin Alice() { return {{1}, "laptop", "alice", enrol::SecretBytes("secret")}; }

enrol::Verdict Granted(uint32_t id) {
  enrol::Verdict verdict;
  verdict.id = id;
  verdict.code = VerdictCode::kGranted;
  verdict.given = PortalFixtureLease();
  return verdict;
}

class PortalTest : public PortalFixture {
 protected:
  void RefuseWith(VerdictCode code) {
    decide_ = [code](const auto& message) {
      enrol::Verdict verdict;
      verdict.id = IdOf(message);
      verdict.code = code;
      verdict.retry_after_s = 42;
      return verdict;
    };
  }
  void Grant() {
    decide_ = [](const auto& message) { return Granted(IdOf(message)); };
  }
  std::string StatusField(const std::string& name) const {
    std::ifstream file("/proc/" + std::to_string(portal_) + "/status");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    }
    return {};
  }
};

TEST_F(PortalTest, TellsItsClientTheChannelBinding) {
  Start();
  const auto client = Shaken();
  const auto response = client->Ask(ApiDiscovery{});
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(ReadDiscovery(*response), ChannelBindingOf(client->session()).value());
}

TEST_F(PortalTest, ALoginReachesTheRegistrarWithTheKeyOfItsSession) {
  Start();
  enrol::Login seen;
  decide_ = [&seen](const auto& message) {
    seen = std::get<enrol::Login>(message);
    return Granted(seen.id);
  };
  const auto client = Shaken();
  const auto response = client->Ask(Alice());
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(seen.user, "alice");
  EXPECT_EQ(seen.device, "laptop");
  EXPECT_EQ(seen.password.view(), "secret");
  EXPECT_EQ(seen.source.ToString(), "127.0.0.1");
  EXPECT_TRUE(seen.preshared_key == PresharedKeyOf(client->session(), {1}, {7}).value());
  EXPECT_EQ(response->status, 201);
  const auto lease = ReadLease(*response);
  ASSERT_TRUE(lease.has_value());
  EXPECT_TRUE(lease->token == PortalFixtureLease().token);
  EXPECT_EQ(lease->config->gateway_key, crypto::PublicKey{7});
  EXPECT_EQ(lease->config->settings.routes, settings_.pushed.routes);
}

TEST_F(PortalTest, TheFourthRefusedProofEndsTheConnection) {
  Start();
  RefuseWith(VerdictCode::kCredentials);
  const auto client = Shaken();
  for (int i = 1; i <= kRefusedProofsMax; ++i) {
    const auto response = client->Ask(Alice());
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 401);
    EXPECT_EQ(client->keep_alive(), i < kRefusedProofsMax);
  }
  EXPECT_TRUE(client->IsClosed());
}

TEST_F(PortalTest, RenewsAndEndsLeases) {
  Start();
  std::vector<enrol::PortalToRegistrar> seen;
  decide_ = [&seen](const auto& message) {
    seen.push_back(message);
    enrol::Verdict verdict = Granted(IdOf(message));
    if (std::holds_alternative<enrol::End>(message)) verdict.given.reset();
    return verdict;
  };
  const enrol::LeaseToken token = PortalFixtureLease().token;
  const auto client = Shaken();
  const auto same = client->Ask(ApiRenewal{token, 3, {}});
  EXPECT_EQ(same->status, 200);
  EXPECT_FALSE(ReadLease(*same)->config.has_value());
  const auto rekeyed = client->Ask(ApiRenewal{token, 2, crypto::PublicKey{1}});
  EXPECT_TRUE(ReadLease(*rekeyed)->config.has_value());
  EXPECT_EQ(client->Ask(ApiEnd{token})->status, 204);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_FALSE(std::get<enrol::Renew>(seen[0]).preshared_key.has_value());
  EXPECT_TRUE(std::get<enrol::Renew>(seen[1]).preshared_key ==
              PresharedKeyOf(client->session(), {1}, {7}).value());
  EXPECT_TRUE(std::get<enrol::End>(seen[2]).token == token);
}

TEST_F(PortalTest, EveryRefusalIsPassedOn) {
  Start();
  for (const auto& [code, status] :
       {std::pair(VerdictCode::kEnded, 403), std::pair(VerdictCode::kKeyInUse, 409),
        std::pair(VerdictCode::kDevices, 409), std::pair(VerdictCode::kFull, 503),
        std::pair(VerdictCode::kBusy, 503), std::pair(VerdictCode::kTooMany, 429)}) {
    RefuseWith(code);
    const auto client = Shaken();
    const auto response = client->Ask(Alice());
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(ReadRefusal(*response).retry_after_s, status == 429 || status == 503 ? 42u : 0u);
    EXPECT_EQ(client->keep_alive(), status != 429);
  }
}

TEST_F(PortalTest, WithoutARegistrarLoginsAreBusyUntilThereIsOne) {
  Start();
  const auto client = Shaken();
  registrar_.Close();
  EXPECT_EQ(client->Ask(Alice())->status, 503);
  GiveRegistrar();
  Grant();
  // The portal may take the question before it has seen the new registrar.
  int status = 503;
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  while (status == 503 && absl::Now() < deadline) status = client->Ask(Alice())->status;
  EXPECT_EQ(status, 201);
}

TEST_F(PortalTest, ARegistrarThatEndsLeavesNobodyWaiting) {
  Start();
  const auto client = Shaken();
  decide_ = [this](const auto&) {
    registrar_.Close();
    return std::nullopt;
  };
  EXPECT_EQ(client->Ask(Alice())->status, 503);
}

TEST_F(PortalTest, AnswersOnlyRequestsForItself) {
  Start();
  EXPECT_EQ(Shaken()->Ask(ApiDiscovery{}, "other.example")->status, 421);
  EXPECT_EQ(Shaken()->Ask(ApiDiscovery{}, "vpn.example.net:443")->status, 200);
  EXPECT_FALSE(Connect(PostQuantum::kAuto, "other.example")->Shake());
}

TEST_F(PortalTest, MalformedRequestsGetOneAnswerAndNothingMore) {
  Start();
  bool asked = false;
  decide_ = [&asked](const auto&) {
    asked = true;
    return std::nullopt;
  };
  const std::string get = "GET /ringwire/v1/ HTTP/1.1\r\nHost: vpn.example.net\r\n\r\n";
  const std::string post = "POST /ringwire/v1/leases HTTP/1.1\r\nHost: vpn.example.net\r\n";
  const std::string json = post + "Content-Type: application/json\r\n";
  for (const auto& [bytes, status] : std::vector<std::pair<std::string, int>>{
           {"hello\r\n\r\n", 400},
           {get + get, 400},
           {"GET / HTTP/1.0\r\nHost: vpn.example.net\r\n\r\n", 505},
           {"GET / HTTP/1.1\r\nHost: vpn.example.net\r\nx: " + std::string(9000, 'x'), 431},
           {post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
           {post + "Content-Length: 4097\r\n\r\n", 413},
           {post + "Content-Length: 2\r\n\r\n{}", 415},
           {json + "Content-Length: 2\r\n\r\n{}", 400},
           {json + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
           {"PUT /ringwire/v1/lease HTTP/1.1\r\nHost: vpn.example.net\r\n\r\n", 405}}) {
    const auto client = Shaken();
    EXPECT_EQ(client->StatusOf(bytes), status) << bytes.substr(0, 80);
    EXPECT_FALSE(client->keep_alive()) << bytes.substr(0, 80);
    EXPECT_TRUE(client->IsClosed()) << bytes.substr(0, 80);
  }
  EXPECT_FALSE(asked);
}

TEST_F(PortalTest, ARefusedUpgradeEndsTheConnection) {
  Start();
  const auto client = Shaken();
  EXPECT_EQ(
      client->StatusOf("GET /.well-known/masque/udp/a/1/ HTTP/1.1\r\nHost: vpn.example.net\r\n"
                       "Connection: Upgrade\r\nUpgrade: connect-udp\r\n\r\n"),
      404);
  EXPECT_TRUE(client->IsClosed());
}

TEST_F(PortalTest, RequiresAHybridKeyExchangeIfItIsToldTo) {
  settings_.post_quantum = PostQuantum::kRequire;
  Start();
  Grant();
  const auto classic = Connect(PostQuantum::kOff);
  ASSERT_TRUE(classic->Shake());
  EXPECT_EQ(classic->Ask(ApiDiscovery{})->status, 200);
  const auto refused = classic->Ask(Alice());
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(ReadRefusal(*refused).error, "post_quantum");
  EXPECT_TRUE(classic->IsClosed());
  EXPECT_EQ(Shaken()->Ask(Alice())->status, 201);
}

TEST_F(PortalTest, NewSettingsServeNewConnectionsAndOldOnesGoOn) {
  Start();
  const auto old = Shaken();
  settings_.server_names = {"new.example", "vpn.example.net"};
  settings_.revision = 4;
  ASSERT_EQ(GiveSettings(), "");
  Grant();
  EXPECT_EQ(ReadLease(*Shaken()->Ask(Alice()))->revision, 4u);
  EXPECT_EQ(ReadLease(*old->Ask(Alice()))->revision, 4u);
}

TEST_F(PortalTest, SettingsThatItCannotUseLeaveTheOldOnes) {
  Start();
  const in_port_t port = port_;
  settings_.chain = "no certificate";
  EXPECT_NE(GiveSettings(), "");
  port_ = port;
  EXPECT_EQ(Shaken()->Ask(ApiDiscovery{})->status, 200);
}

TEST_F(PortalTest, OneSourceCannotHaveManyStrangers) {
  Start();
  std::vector<std::unique_ptr<PortalClient>> clients;
  for (size_t i = 0; i < kStrangersOfSourceMax; ++i) clients.push_back(Shaken());
  EXPECT_FALSE(Connect()->Shake()) << "closed at once";
  Grant();
  EXPECT_EQ(clients.front()->Ask(Alice())->status, 201);
  EXPECT_EQ(Shaken()->Ask(ApiDiscovery{})->status, 200) << "one has shown who it is";
}

TEST_F(PortalTest, AClientThatLeavesDuringADecisionDisturbsNobody) {
  Start();
  std::optional<enrol::PortalToRegistrar> asked;
  decide_ = [&asked](const auto& message) {
    asked = message;
    return std::nullopt;
  };
  {
    const auto client = Shaken();
    client->SendRaw(ToHttpMessage(WriteApiRequest(Alice()), "vpn.example.net"));
    for (int i = 0; i < 6000 && !asked.has_value(); ++i) {
      Serve();
      ::poll(nullptr, 0, 10);
    }
  }
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(Shaken()->Ask(ApiDiscovery{})->status, 200);
  EXPECT_TRUE(registrar_.Send(Granted(IdOf(*asked))).ok()) << "the answer finds nobody";
  EXPECT_EQ(Shaken()->Ask(ApiDiscovery{})->status, 200);
}

TEST_F(PortalTest, HasNoRightLeft) {
  Start();
  EXPECT_EQ(Shaken()->Ask(ApiDiscovery{})->status, 200);
  EXPECT_EQ(StatusField("CapEff"), "0000000000000000");
  EXPECT_EQ(StatusField("NoNewPrivs"), "1");
  EXPECT_EQ(StatusField("Seccomp"), "2");
}

TEST_F(PortalTest, EndsWithItsSupervisor) {
  Start();
  EXPECT_EQ(EndPortal(), 0);
}

}  // namespace
}  // namespace ringwire::platform
