#include "platform/registrar/registrar.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/enrol/message_files.h"
#include "crypto/x25519.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/registrar/password_hash.h"
#include "tests/support/folder_test.h"
#include "tests/unit/platform/tls/test_certificate.h"

namespace ringwire::platform {
namespace {

using enrol::EndReason;
using enrol::GrantResult;
using enrol::Verdict;
using enrol::VerdictCode;

constexpr char kPassword[] = "correct horse";
// The same at a cost that a test has time for.
constexpr char kFastHash[] =
    "$6$rounds=1000$saltsalt$4GMtaIz3E1AdDi2SmCokEW0ehi.HdxNDcL3fGE1XXuzvo6kbx7UOloZK"
    "ONqEk5H3JrQA4NOfU8BmqFPrpGqwA1";

crypto::PublicKey NewKey() {
  crypto::SystemRandom random;
  return crypto::PublicFromPrivate(crypto::GeneratePrivateKey(random));
}

// A real registrar with real sockets, threads and disk; the test is supervisor and portal.
class RegistrarTest : public FolderTest {
 protected:
  void SetUp() override {
    settings_.gateway_key = NewKey();
    settings_.pool = {*Prefix::Parse("10.8.0.0/24")};
    settings_.reserved = {*Prefix::Parse("10.8.0.1")};
    settings_.lease_s = 3600;
    settings_.session_s = 86400;
    settings_.devices_max = 5;
    settings_.leases_max = 100;
    for (const std::string name : {"alice", "bob", "off", "old", "locked"}) {
      users_.users.emplace_back().name = name;
      users_.users.back().hash = kFastHash;
    }
    users_.users[2].is_disabled = true;
    users_.users[3].until = 1'000'000'000;
    users_.users[4].hash = "!" + std::string(kFastHash);
    Start();
  }

  void Start() {
    auto sockets = *MakeMessageSockets();
    supervisor_ = SupervisorEndToRegistrar(std::move(sockets.first));
    registrar_ = std::make_unique<Registrar>(
        RegistrarEndToSupervisor(std::move(sockets.second)), *HashPool::Start(),
        [path = folder_ + "/leases.db"] { return LeaseStore::Open(path); });
    portal_ = AddPortal();
    SendFile(enrol::NewSettings(), enrol::EncodeFile(settings_));
    SendFile(enrol::NewUsers(), enrol::EncodeFile(users_));
    Until([this] { return applied_.size() >= 2; });
  }
  void Restart() {
    applied_.clear();
    verdicts_.clear();
    registrar_.reset();
    Start();
  }

  PortalEndToRegistrar AddPortal() {
    auto sockets = *MakeMessageSockets();
    const int its_end = sockets.second.get();
    EXPECT_TRUE(supervisor_.Send(enrol::NewPortal(), {&its_end, 1}).ok());
    return PortalEndToRegistrar(std::move(sockets.first));
  }
  void SendFile(enrol::SupervisorToRegistrar message, const enrol::SecretBytes& file) {
    const UniqueFd memory = *MakeSealedMemory(file.view());
    const int descriptor = memory.get();
    ASSERT_TRUE(supervisor_.Send(message, {&descriptor, 1}).ok());
  }

  // Runs the registrar, answers it, and collects what it says.
  void Until(const std::function<bool()>& done) {
    const Instant deadline = BootNow() + absl::Minutes(2);
    while (!done()) {
      ASSERT_LT(BootNow(), deadline);
      ASSERT_TRUE(registrar_->Turn(10));
      TakeFromRegistrar();
    }
  }
  void TakeFromRegistrar() {
    while (true) {
      auto packet = supervisor_.TryReceive();
      ASSERT_TRUE(packet.ok()) << packet.status();
      if (!packet->has_value()) break;
      Take((*packet)->message, (*packet)->descriptors);
    }
    while (true) {
      auto packet = portal_.TryReceive();
      if (!packet.ok() || !packet->has_value()) break;
      if (const auto* verdict = std::get_if<Verdict>(&(*packet)->message)) {
        verdicts_[verdict->id] = *verdict;
      } else {
        signature_ = std::get<enrol::Signature>((*packet)->message);
      }
    }
  }
  void Take(const enrol::RegistrarToSupervisor& message, const std::vector<UniqueFd>& memory) {
    if (const auto* grant = std::get_if<enrol::Grant>(&message)) {
      if (grant_result_ == GrantResult::kDone) peers_[grant->public_key] = *grant;
      ASSERT_TRUE(supervisor_.Send(enrol::GrantDone{grant->id, grant_result_}).ok());
    } else if (const auto* revoke = std::get_if<enrol::Revoke>(&message)) {
      peers_.erase(revoke->public_key);
      ASSERT_TRUE(supervisor_.Send(enrol::GrantDone{revoke->id, GrantResult::kDone}).ok());
    } else if (const auto* applied = std::get_if<enrol::Applied>(&message)) {
      applied_.push_back(applied->error);
    } else {
      admin_done_ = std::get<enrol::AdminDone>(message);
      if (memory.size() == 1) {
        table_ =
            *enrol::DecodeFile<enrol::LeaseTable>(ReadSealedMemory(memory.front().get())->view());
      }
    }
  }

  enrol::Login LoginOf(const std::string& user, const std::string& password,
                       const crypto::PublicKey& key) {
    enrol::Login login;
    login.id = ++last_id_;
    login.source = *IpAddress::Parse(fmt::format("192.0.{}.1", last_id_ % 250));
    login.public_key = key;
    login.device = "laptop";
    login.user = user;
    login.password = enrol::SecretBytes(password);
    return login;
  }
  Verdict Answer(const enrol::PortalToRegistrar& request, uint32_t id) {
    EXPECT_TRUE(portal_.Send(request).ok());
    Until([this, id] { return verdicts_.contains(id); });
    return verdicts_[id];
  }
  Verdict Login(const std::string& user, const std::string& password,
                const crypto::PublicKey& key) {
    const enrol::Login login = LoginOf(user, password, key);
    return Answer(login, login.id);
  }
  Verdict Renew(const enrol::LeaseToken& token) {
    enrol::Renew renewal;
    renewal.id = ++last_id_;
    renewal.token = token;
    return Answer(renewal, renewal.id);
  }
  enrol::LeaseTable List() {
    enrol::Admin admin;
    admin.id = ++last_id_;
    EXPECT_TRUE(supervisor_.Send(admin).ok());
    admin_done_.reset();
    Until([this] { return admin_done_.has_value(); });
    return table_;
  }
  uint32_t RevokeUser(const std::string& user) {
    enrol::Admin admin{++last_id_, enrol::Admin::Verb::kRevoke, user, std::nullopt};
    EXPECT_TRUE(supervisor_.Send(admin).ok());
    admin_done_.reset();
    Until([this] { return admin_done_.has_value(); });
    return admin_done_->ended;
  }

  enrol::RegistrarSettings settings_;
  enrol::UserTable users_;
  SupervisorEndToRegistrar supervisor_;
  PortalEndToRegistrar portal_;
  std::unique_ptr<Registrar> registrar_;
  GrantResult grant_result_ = GrantResult::kDone;
  std::map<crypto::PublicKey, enrol::Grant> peers_;  // of the relay
  std::vector<std::string> applied_;
  std::map<uint32_t, Verdict> verdicts_;
  enrol::Signature signature_;
  std::optional<enrol::AdminDone> admin_done_;
  enrol::LeaseTable table_;
  uint32_t last_id_ = 0;
};

TEST_F(RegistrarTest, AGoodPasswordGetsALeaseAndAPeer) {
  const crypto::PublicKey key = NewKey();
  const Verdict verdict = Login("alice", kPassword, key);
  ASSERT_EQ(verdict.code, VerdictCode::kGranted);
  ASSERT_TRUE(verdict.given.has_value());
  EXPECT_EQ(verdict.given->addresses, std::vector{*IpAddress::Parse("10.8.0.2")});
  EXPECT_EQ(verdict.given->expires_in_s, 3600U);
  EXPECT_FALSE(verdict.given->token.IsZero());
  ASSERT_TRUE(peers_.contains(key));
  EXPECT_EQ(peers_[key].user, "alice");
  EXPECT_EQ(Renew(verdict.given->token).code, VerdictCode::kGranted);
  const enrol::LeaseTable table = List();
  ASSERT_EQ(table.leases.size(), 1U);
  EXPECT_EQ(table.leases[0].device, "laptop");
  EXPECT_EQ(table.logins_granted, 1U);
}

// One verdict for all of them, and nothing changes.
TEST_F(RegistrarTest, EveryRefusedProofLooksTheSame) {
  for (const auto& [user, password] :
       std::vector<std::pair<std::string, std::string>>{{"alice", "wrong"},
                                                        {"nobody", kPassword},
                                                        {"off", kPassword},
                                                        {"old", kPassword},
                                                        {"locked", kPassword},
                                                        {"", ""},
                                                        {"alice", std::string(256, 'p')}}) {
    const Verdict verdict = Login(user, password, NewKey());
    EXPECT_EQ(verdict.code, VerdictCode::kCredentials) << user;
    EXPECT_EQ(verdict.reason, EndReason::kNone);
    EXPECT_EQ(verdict.retry_after_s, 0);
    EXPECT_FALSE(verdict.given.has_value());
  }
  EXPECT_TRUE(peers_.empty());
  EXPECT_EQ(List().logins_refused, 7U);
}

TEST_F(RegistrarTest, AThrottledTryIsNotHashed) {
  for (int i = 0; i < 10; ++i) Login("bob", "wrong", NewKey());
  const uint64_t hashes = List().hashes;
  const Verdict verdict = Login("bob", kPassword, NewKey());
  EXPECT_EQ(verdict.code, VerdictCode::kTooMany);
  EXPECT_GT(verdict.retry_after_s, 0);
  EXPECT_EQ(List().hashes, hashes);
  EXPECT_EQ(Login("alice", kPassword, NewKey()).code, VerdictCode::kGranted);
}

// Logins of a portal that is gone keep their places in the queue, and give them back.
TEST_F(RegistrarTest, LoginsOfAPortalThatIsGoneFillNothingForEver) {
  for (int i = 0; i < 300; ++i) {
    const enrol::Login login = LoginOf(fmt::format("u{}", i), "x", NewKey());
    if (!portal_.Send(login).ok()) break;
  }
  portal_ = AddPortal();
  Until([this] { return List().hashes >= 1; });
  Verdict verdict;
  do {
    verdict = Login("alice", kPassword, NewKey());
  } while (verdict.code == VerdictCode::kBusy);
  EXPECT_EQ(verdict.code, VerdictCode::kGranted);
}

TEST_F(RegistrarTest, RefusesKeysThatNobodyMayHave) {
  EXPECT_EQ(Login("alice", kPassword, crypto::PublicKey{}).code, VerdictCode::kBadKey);
  crypto::PublicKey low{};
  low[0] = 1;
  EXPECT_EQ(Login("alice", kPassword, low).code, VerdictCode::kBadKey);
  EXPECT_EQ(Login("alice", kPassword, settings_.gateway_key).code, VerdictCode::kBadKey);
  const crypto::PublicKey key = NewKey();
  const Verdict alices = Login("alice", kPassword, key);
  EXPECT_EQ(Login("bob", kPassword, key).code, VerdictCode::kKeyInUse);
  EXPECT_EQ(Renew(alices.given->token).code, VerdictCode::kGranted);
}

TEST_F(RegistrarTest, ARefusedGrantLeavesNothingBehind) {
  grant_result_ = GrantResult::kKeyInUse;
  const crypto::PublicKey key = NewKey();
  EXPECT_EQ(Login("alice", kPassword, key).code, VerdictCode::kKeyInUse);
  grant_result_ = GrantResult::kRelayAway;
  EXPECT_EQ(Login("alice", kPassword, key).code, VerdictCode::kBusy);
  EXPECT_TRUE(List().leases.empty());
  Restart();
  EXPECT_TRUE(peers_.empty()) << "nothing is on disk";
}

TEST_F(RegistrarTest, ALostAnswerIsAskedForAgain) {
  const crypto::PublicKey key = NewKey();
  const Verdict first = Login("alice", kPassword, key);
  const Verdict second = Login("alice", kPassword, key);
  ASSERT_EQ(second.code, VerdictCode::kGranted);
  EXPECT_EQ(second.given->addresses, first.given->addresses);
  EXPECT_EQ(Renew(first.given->token).reason, EndReason::kReplaced);
  EXPECT_EQ(List().leases.size(), 1U);
}

TEST_F(RegistrarTest, ARevokedUserIsOutWhenTheAnswerComes) {
  const Verdict laptop = Login("alice", kPassword, NewKey());
  Login("alice", kPassword, NewKey());
  const Verdict bobs = Login("bob", kPassword, NewKey());
  EXPECT_EQ(RevokeUser("alice"), 2U);
  EXPECT_EQ(peers_.size(), 1U);
  const Verdict renewed = Renew(laptop.given->token);
  EXPECT_EQ(renewed.code, VerdictCode::kEnded);
  EXPECT_EQ(renewed.reason, EndReason::kRevoked);
  EXPECT_EQ(Renew(bobs.given->token).code, VerdictCode::kGranted);
  EXPECT_EQ(RevokeUser("alice"), 0U);
}

TEST_F(RegistrarTest, AClientEndsItsOwnLease) {
  const Verdict given = Login("alice", kPassword, NewKey());
  enrol::End end;
  end.id = ++last_id_;
  end.token = given.given->token;
  EXPECT_EQ(Answer(end, end.id).code, VerdictCode::kGranted);
  EXPECT_TRUE(peers_.empty());
  end.id = ++last_id_;
  EXPECT_EQ(Answer(end, end.id).code, VerdictCode::kEnded);
  EXPECT_EQ(Renew(given.given->token).code, VerdictCode::kEnded);
}

TEST_F(RegistrarTest, UnknownTokensAreRefused) {
  EXPECT_EQ(Renew(enrol::LeaseToken()).code, VerdictCode::kCredentials);
}

TEST_F(RegistrarTest, AnotherPasswordOrNoAccountEndsTheLeases) {
  Login("alice", kPassword, NewKey());
  Login("bob", kPassword, NewKey());
  users_.users[0].hash = *HashPassword("another");
  users_.users[1].is_disabled = true;
  SendFile(enrol::NewUsers(), enrol::EncodeFile(users_));
  Until([this] { return peers_.empty(); });
  EXPECT_EQ(Login("alice", kPassword, NewKey()).code, VerdictCode::kCredentials);
}

TEST_F(RegistrarTest, LeasesComeBackAfterARestart) {
  const crypto::PublicKey key = NewKey();
  const Verdict before = Login("alice", kPassword, key);
  Login("bob", kPassword, NewKey());
  peers_.clear();
  users_.users[1].hash = *HashPassword("another");  // bob's, meanwhile
  Restart();
  ASSERT_EQ(peers_.size(), 1U);
  EXPECT_EQ(peers_.begin()->first, key);
  const Verdict after = Renew(before.given->token);
  ASSERT_EQ(after.code, VerdictCode::kGranted);
  EXPECT_EQ(after.given->addresses, before.given->addresses);
}

TEST_F(RegistrarTest, ARekeyChangesThePresharedKeyOfThePeer) {
  const crypto::PublicKey key = NewKey();
  const Verdict given = Login("alice", kPassword, key);
  enrol::Renew renewal;
  renewal.id = ++last_id_;
  renewal.token = given.given->token;
  renewal.preshared_key = crypto::PresharedKey(key);
  EXPECT_EQ(Answer(renewal, renewal.id).code, VerdictCode::kGranted);
  EXPECT_EQ(peers_[key].preshared_key, crypto::PresharedKey(key));
  EXPECT_EQ(peers_[key].addresses, given.given->addresses);
  peers_.clear();
  Restart();
  EXPECT_EQ(peers_[key].preshared_key, crypto::PresharedKey(key)) << "it was written at once";
}

TEST_F(RegistrarTest, WithoutItsStoreItIsBusyAndSaysWhy) {
  registrar_.reset();
  std::ofstream(folder_ + "/leases.db") << std::string(8192, 'x');
  applied_.clear();
  Start();
  EXPECT_NE(applied_[1].find("leases"), std::string::npos) << applied_[1];
  EXPECT_EQ(Login("alice", kPassword, NewKey()).code, VerdictCode::kBusy);
}

// A portal that was taken over asks for a signature of something else, and then sends noise.
TEST_F(RegistrarTest, SignsOnlyHandshakesAndEndsAPortalThatBreaksTheRules) {
  const TestIdentity identity = MakeIdentity({});
  enrol::KeyTable keys;
  keys.keys.push_back({4, enrol::SecretBytes(identity.KeyPem())});
  SendFile(enrol::NewKeys(), enrol::EncodeFile(keys));
  Until([this] { return applied_.size() >= 3; });
  EXPECT_EQ(applied_.back(), "");
  const auto sign = [this](const std::string& input, uint32_t certificate) {
    signature_ = {};
    const uint32_t id = ++last_id_;
    EXPECT_TRUE(portal_.Send(enrol::Sign{id, certificate, 0x0403, input}).ok());
    Until([this, id] { return signature_.id == id; });
    return signature_.bytes;
  };
  const std::string input = std::string(64, ' ') + "TLS 1.3, server CertificateVerify" +
                            std::string(1, '\0') + std::string(32, 'h');
  EXPECT_FALSE(sign(input, 4).empty());
  EXPECT_TRUE(sign(input, 5).empty()) << "no such key";
  EXPECT_TRUE(sign("a certificate", 4).empty());
  std::string clients = input;
  clients.replace(64, 15, "TLS 1.3, client");
  EXPECT_TRUE(sign(clients, 4).empty());

  ASSERT_EQ(::write(portal_.fd(), "noise", 5), 5);
  Until([this] { return !portal_.TryReceive().ok(); });
  portal_ = AddPortal();
  EXPECT_EQ(Login("alice", kPassword, NewKey()).code, VerdictCode::kGranted);
}

}  // namespace
}  // namespace ringwire::platform
