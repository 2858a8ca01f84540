#include "platform/connect/lease_keeper.h"

#include <fstream>
#include <string>

#include "platform/base/clock.h"
#include "platform/connect/connect_failure.h"
#include "platform/udp/control_messages.h"
#include "tests/support/folder_test.h"
#include "tests/unit/platform/portal/portal_fixture.h"

namespace ringwire::platform {
namespace {

pid_t test_process = 0;

absl::StatusOr<pid_t> ForkCaller(UniqueFd its_end) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(RunCaller(std::move(its_end), test_process));
  return child;
}

// A keeper with a real caller, and a real portal at the other end. The test is the registrar.
class LeaseKeeperTest : public PortalFixture {
 protected:
  LeaseKeeperTest() {
    test_process = ::getpid();
    folder_ = ::testing::TempDir() + "/lease_keeper." + std::to_string(test_process);
    decide_ = [this](const auto& message) {
      ++asked_;
      last_ = message;
      enrol::Verdict verdict;
      verdict.id = std::visit([](const auto& kind) { return kind.id; }, message);
      verdict.code = std::holds_alternative<enrol::Login>(message) ? login_code_ : renewal_code_;
      verdict.reason = reason_;
      verdict.given = PortalFixtureLease();
      return verdict;
    };
  }
  ~LeaseKeeperTest() override { files().RemoveSession(); }

  ConnectFiles files() const { return ConnectFiles(folder_, {"vpn.example.net", 443}); }

  // Whose lease is over in a moment, so that it is renewed at once; not by `password_file`, if it
  // has none.
  LeaseKeeper Keeper(const std::string& password_file = "", uint32_t session_ends_in_s = 86400) {
    HeldLease lease;
    lease.user = "alice";
    lease.token = PortalFixtureLease().token;
    lease.pushed.gateway_key = {7};
    lease.pushed.addresses = PortalFixtureLease().addresses;
    lease.pushed.settings = settings_.pushed;
    lease.revision = settings_.revision;
    lease.terms = {3600, session_ends_in_s};
    lease.granted_at = BootNow() - absl::Seconds(3600);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = port_;
    lease.server = FromSocketName(&to, sizeof(to));
    ConfigFile own;
    own.private_key.emplace().bytes()[0] = 8;
    own.gateway.network_namespace = "elsewhere";  // this host's addresses do not matter
    own.connect.emplace().server = {"vpn.example.net", 443};
    return LeaseKeeper({.interface = "rw0",
                        .own = std::move(own),
                        .lease = std::move(lease),
                        .files = files(),
                        .caller = {.name = "vpn.example.net",
                                   .host = "vpn.example.net",
                                   .anchors = ca_.CertificatePem(),
                                   .pin = std::nullopt,
                                   .post_quantum = PostQuantum::kAuto},
                        .device = "laptop",
                        .password_file = password_file,
                        .start_caller = &ForkCaller});
  }

  // Until `done`.
  template <typename Done>
  void RunUntil(LeaseKeeper* keeper, const Done& done) {
    for (int i = 0; i < 6000 && !done(); ++i) {
      Serve();
      if (BootNow() >= keeper->look_at()) keeper->Look();
      pollfd wait{keeper->fd(), POLLIN, 0};
      if (::poll(&wait, 1, 10) > 0) keeper->Serve();
    }
    EXPECT_TRUE(done());
  }
  void RunUntilRenewed(LeaseKeeper* keeper) {
    RunUntil(keeper, [keeper] { return keeper->look_at() > BootNow() + absl::Seconds(600); });
  }

  std::string folder_;
  enrol::VerdictCode renewal_code_ = enrol::VerdictCode::kGranted;
  enrol::VerdictCode login_code_ = enrol::VerdictCode::kGranted;
  enrol::EndReason reason_ = enrol::EndReason::kNone;
  int asked_ = 0;
  std::optional<enrol::PortalToRegistrar> last_;
};

TEST_F(LeaseKeeperTest, RenewsWithoutAChange) {
  Start();
  LeaseKeeper keeper = Keeper();
  RunUntilRenewed(&keeper);
  EXPECT_FALSE(keeper.TakeChange());
  EXPECT_TRUE(keeper.ended().ok());
  EXPECT_TRUE(std::get<enrol::Renew>(*last_).token == PortalFixtureLease().token);
}

TEST_F(LeaseKeeperTest, TellsOfChangedSettings) {
  settings_.revision = 4;
  settings_.pushed.routes = {*Prefix::Parse("10.99.0.0/16")};
  Start();
  settings_.revision = 3;  // the keeper's
  LeaseKeeper keeper = Keeper();
  RunUntilRenewed(&keeper);
  EXPECT_TRUE(keeper.TakeChange());
  std::vector<std::string> warnings;
  const auto config = keeper.Complete(keeper.own(), &warnings);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(AllowedPrefixes(*config), std::vector<Prefix>{*Prefix::Parse("10.99.0.0/16")});
  EXPECT_FALSE(keeper.TakeChange());
}

TEST_F(LeaseKeeperTest, EndsWhenTheGatewayRevokes) {
  Start();
  renewal_code_ = enrol::VerdictCode::kEnded;
  reason_ = enrol::EndReason::kRevoked;
  ASSERT_TRUE(files().SaveSession({"alice", PortalFixtureLease().token}).ok());
  LeaseKeeper keeper = Keeper("/nonexistent/password");
  RunUntil(&keeper, [&keeper] { return !keeper.ended().ok(); });
  EXPECT_EQ(ConnectExitCode(keeper.ended()), 5);
  EXPECT_EQ(keeper.ended().message(), "access was ended by the gateway (revoked)");
  EXPECT_FALSE(files().LoadSession().has_value());
  EXPECT_TRUE(keeper.look_at().IsInfiniteFuture());
}

TEST_F(LeaseKeeperTest, AnUnknownTokenIsAnEnd) {
  Start();
  renewal_code_ = enrol::VerdictCode::kCredentials;
  LeaseKeeper keeper = Keeper();
  RunUntil(&keeper, [&keeper] { return !keeper.ended().ok(); });
  EXPECT_EQ(ConnectExitCode(keeper.ended()), 5);
}

TEST_F(LeaseKeeperTest, LogsInAgainWithAPasswordFile) {
  Start();
  renewal_code_ = enrol::VerdictCode::kEnded;
  reason_ = enrol::EndReason::kExpired;
  const std::string path = ::testing::TempDir() + "/password." + std::to_string(::getpid());
  std::ofstream(path) << "secret\n";
  LeaseKeeper keeper = Keeper(path);
  RunUntilRenewed(&keeper);
  ::unlink(path.c_str());
  const auto& login = std::get<enrol::Login>(*last_);
  EXPECT_EQ(login.user, "alice");
  EXPECT_EQ(login.device, "laptop");
  EXPECT_EQ(login.password.view(), "secret");
  EXPECT_TRUE(keeper.TakeChange()) << "there is another preshared key";
  EXPECT_TRUE(files().LoadSession().has_value());
}

TEST_F(LeaseKeeperTest, ARefusedPasswordIsAnEnd) {
  Start();
  login_code_ = enrol::VerdictCode::kCredentials;
  const std::string path = ::testing::TempDir() + "/password." + std::to_string(::getpid());
  std::ofstream(path) << "wrong\n";
  LeaseKeeper keeper = Keeper(path, /*session_ends_in_s=*/3600);
  RunUntil(&keeper, [&keeper] { return !keeper.ended().ok(); });
  ::unlink(path.c_str());
  EXPECT_EQ(ConnectExitCode(keeper.ended()), 3);
}

TEST_F(LeaseKeeperTest, GoesOnWhileTheGatewayIsAway) {
  Start();
  renewal_code_ = enrol::VerdictCode::kBusy;
  LeaseKeeper keeper = Keeper();
  RunUntil(&keeper, [this] { return asked_ >= 1; });
  RunUntil(&keeper, [&keeper] {
    return keeper.Describe(absl::Now()).find("not renewed") != std::string::npos;
  });
  renewal_code_ = enrol::VerdictCode::kGranted;
  RunUntilRenewed(&keeper);
  EXPECT_TRUE(keeper.ended().ok());
}

TEST_F(LeaseKeeperTest, RefusesPushedSettingsWhole) {
  settings_.revision = 4;
  settings_.pushed.routes = {*Prefix::Parse("10.99.0.0/16"), *Prefix::Parse("127.0.0.0/8")};
  Start();
  settings_.revision = 3;
  LeaseKeeper keeper = Keeper();
  RunUntilRenewed(&keeper);
  EXPECT_TRUE(keeper.TakeChange());
  std::vector<std::string> warnings;
  const auto config = keeper.Complete(keeper.own(), &warnings);
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().message(),
            "the gateway pushed a route into 127.0.0.0/8 (loopback); nothing was changed");
  keeper.ChangeFailed();
  EXPECT_LE(keeper.look_at(), BootNow() + absl::Seconds(61));
}

}  // namespace
}  // namespace ringwire::platform
