#include "core/enrol/lease_book.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/seeded_random.h"

namespace ringwire::enrol {
namespace {

constexpr int64_t kStart = 1000;
constexpr uint32_t kLease = 3600;
constexpr uint32_t kSession = 4 * kLease;

template <size_t N>
std::array<uint8_t, N> Bytes(uint32_t number) {
  std::array<uint8_t, N> bytes{};
  for (size_t i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(number >> (8 * i));
  return bytes;
}
crypto::PublicKey Key(uint32_t number) { return Bytes<32>(number); }

RegistrarSettings Settings() {
  RegistrarSettings settings;
  settings.gateway_key = Key(99'999);
  settings.pool = {*Prefix::Parse("10.8.0.0/29"), *Prefix::Parse("fd08::/64")};
  settings.reserved = {*Prefix::Parse("10.8.0.1"), *Prefix::Parse("fd08::1")};
  settings.lease_s = kLease;
  settings.session_s = kSession;
  settings.devices_max = 2;
  settings.leases_max = 100;
  return settings;
}

class LeaseBookTest : public ::testing::Test {
 protected:
  LeaseBookTest() { book_.Configure(Settings()); }

  LeaseBook::Wish WishOf(const std::string& user, uint32_t key) {
    LeaseBook::Wish wish;
    wish.user = user;
    wish.device = "laptop";
    wish.public_key = Key(key);
    wish.id = Bytes<16>(++count_);
    wish.token = Bytes<32>(count_);
    return wish;
  }
  // nullopt: refused.
  std::optional<Lease> Login(const std::string& user, uint32_t key, int64_t now) {
    const auto offer = book_.Offer(WishOf(user, key), now);
    if (!std::holds_alternative<Lease>(offer)) {
      code_ = std::get<VerdictCode>(offer);
      return std::nullopt;
    }
    book_.Grant(std::get<Lease>(offer), now);
    return std::get<Lease>(offer);
  }
  void End(uint32_t key, EndReason reason, int64_t now) {
    book_.BeginEnd(Key(key), reason, now);
    book_.Remove(Key(key), now);
  }

  LeaseBook book_;
  uint32_t count_ = 0;
  VerdictCode code_ = VerdictCode::kGranted;
};

TEST_F(LeaseBookTest, GivesOneAddressOfEachFamilyWithTheSameNumber) {
  const auto first = Login("alice", 1, kStart);
  ASSERT_TRUE(first.has_value());
  ASSERT_EQ(first->addresses.size(), 2U);
  EXPECT_EQ(first->addresses[0].ToString(), "10.8.0.2");
  EXPECT_EQ(first->addresses[1].ToString(), "fd08::2");
  EXPECT_EQ(first->expires, kStart + kLease);
  EXPECT_EQ(Login("bob", 2, kStart)->addresses[0].ToString(), "10.8.0.3");
}

TEST_F(LeaseBookTest, SaysThatThePoolIsExhausted) {
  for (uint32_t key = 1; key <= 5; ++key) {
    EXPECT_TRUE(Login("user" + std::to_string(key), key, kStart).has_value()) << key;
  }
  EXPECT_FALSE(Login("late", 6, kStart).has_value()) << "network, gateway and broadcast are taken";
  EXPECT_EQ(code_, VerdictCode::kFull);
  End(3, EndReason::kRevoked, kStart);
  EXPECT_EQ(Login("late", 6, kStart)->addresses[0].ToString(), "10.8.0.4");
}

TEST_F(LeaseBookTest, HasNoMoreLeasesThanMaxLeases) {
  RegistrarSettings settings = Settings();
  settings.leases_max = 1;
  book_.Configure(settings);
  EXPECT_TRUE(Login("alice", 1, kStart).has_value());
  EXPECT_FALSE(Login("bob", 2, kStart).has_value());
  EXPECT_EQ(code_, VerdictCode::kFull);
  EXPECT_TRUE(Login("alice", 1, kStart).has_value()) << "it replaces its own";
}

TEST_F(LeaseBookTest, AUserHasAsManyDevicesAsAllowed) {
  EXPECT_TRUE(Login("alice", 1, kStart).has_value());
  EXPECT_TRUE(Login("alice", 2, kStart).has_value());
  EXPECT_FALSE(Login("alice", 3, kStart).has_value());
  EXPECT_EQ(code_, VerdictCode::kDevices);
  EXPECT_TRUE(Login("alice", 2, kStart).has_value()) << "the same device again";
  LeaseBook::Wish wish = WishOf("bob", 4);
  wish.devices_max = 0;
  EXPECT_EQ(std::get<VerdictCode>(book_.Offer(wish, kStart)), VerdictCode::kDevices);
}

TEST_F(LeaseBookTest, RefusesKeysOfOthers) {
  EXPECT_TRUE(Login("alice", 1, kStart).has_value());
  EXPECT_FALSE(Login("bob", 1, kStart).has_value());
  EXPECT_EQ(code_, VerdictCode::kKeyInUse);
  EXPECT_FALSE(Login("bob", 99'999, kStart).has_value());
  EXPECT_EQ(code_, VerdictCode::kBadKey);
}

// Nothing of alice's comes to bob with her former key.
TEST_F(LeaseBookTest, AFormerKeyOfAnotherUserGetsOtherAddressesAndNoToken) {
  const Lease former = *Login("alice", 1, kStart);
  End(1, EndReason::kRevoked, kStart);
  const Lease bobs = *Login("bob", 1, kStart);
  EXPECT_NE(bobs.addresses, former.addresses);
  EXPECT_EQ(book_.Renew(former.token, kStart).code, VerdictCode::kEnded);
}

TEST_F(LeaseBookTest, TheSameUserAndKeyFindTheirAddressesAgainFor30Days) {
  const Lease before = *Login("alice", 1, kStart);
  Login("bob", 2, kStart);
  End(1, EndReason::kExpired, kStart + 10);
  EXPECT_NE(Login("carol", 3, kStart + 20)->addresses, before.addresses);
  EXPECT_EQ(Login("alice", 1, kStart + 29 * 86400)->addresses, before.addresses);
  End(1, EndReason::kExpired, kStart + 29 * 86400);
  // Afterwards they are like any others.
  std::set<std::string> seen;
  for (uint32_t key = 10; key < 14; ++key) {
    const auto lease = Login("u" + std::to_string(key), key, kStart + 60 * 86400);
    if (lease.has_value()) seen.insert(lease->addresses[0].ToString());
  }
  EXPECT_TRUE(seen.contains(before.addresses[0].ToString()));
}

TEST_F(LeaseBookTest, AReplacedLeaseKeepsItsAddressesAndLosesItsToken) {
  const Lease first = *Login("alice", 1, kStart);
  const Lease second = *Login("alice", 1, kStart + 1);
  EXPECT_EQ(second.addresses, first.addresses);
  EXPECT_EQ(book_.Renew(first.token, kStart + 2).reason, EndReason::kReplaced);
  EXPECT_EQ(book_.Renew(second.token, kStart + 2).code, VerdictCode::kGranted);
  EXPECT_EQ(book_.leases().size(), 1U);
}

TEST_F(LeaseBookTest, AnOfferIsInvisibleAndLeavesNothingBehind) {
  const auto offer = book_.Offer(WishOf("alice", 1), kStart);
  const Lease lease = std::get<Lease>(offer);
  EXPECT_EQ(book_.Renew(lease.token, kStart).code, VerdictCode::kCredentials);
  EXPECT_EQ(book_.leases().size(), 0U);
  EXPECT_EQ(std::get<VerdictCode>(book_.Offer(WishOf("alice", 1), kStart)), VerdictCode::kBusy);
  book_.Withdraw(Key(1));
  for (uint32_t key = 1; key <= 5; ++key) {
    EXPECT_TRUE(Login("user" + std::to_string(key), key, kStart).has_value());
  }
}

TEST_F(LeaseBookTest, AWithdrawnOfferLeavesTheLeaseAsItWas) {
  const Lease lease = *Login("alice", 1, kStart);
  ASSERT_TRUE(std::holds_alternative<Lease>(book_.Offer(WishOf("alice", 1), kStart + 5)));
  book_.Withdraw(Key(1));
  EXPECT_EQ(book_.Renew(lease.token, kStart + 6).code, VerdictCode::kGranted);
  EXPECT_NE(Login("bob", 2, kStart + 6)->addresses, lease.addresses);
}

TEST_F(LeaseBookTest, ALeaseThatNothingConfirmsIsDueAfterFiveMinutes) {
  const Lease lease = *Login("alice", 1, kStart);
  EXPECT_EQ(book_.NextDue(), kStart + 300);
  EXPECT_TRUE(book_.DueAt(kStart + 299).empty());
  const auto due = book_.DueAt(kStart + 300);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_TRUE(due[0].unless_used);
  book_.Confirm(Key(1));
  EXPECT_TRUE(book_.DueAt(kStart + 300).empty());
  EXPECT_EQ(book_.NextDue(), lease.expires);
}

TEST_F(LeaseBookTest, RenewalsMoveTheEndUpToThatOfTheSession) {
  const Lease lease = *Login("alice", 1, kStart);
  EXPECT_EQ(book_.Renew(lease.token, kStart + 3000).lease->expires, kStart + 3000 + kLease);
  int64_t now = kStart + 3000;
  while (now + kLease < lease.session_ends) {
    now += kLease - 1;
    ASSERT_EQ(book_.Renew(lease.token, now).code, VerdictCode::kGranted);
  }
  EXPECT_EQ(book_.Find(Key(1))->expires, lease.session_ends);
  EXPECT_EQ(book_.Renew(lease.token, lease.session_ends).reason, EndReason::kSession);
  EXPECT_EQ(book_.DueAt(lease.session_ends)[0].reason, EndReason::kSession);
}

TEST_F(LeaseBookTest, AnExpiredLeaseIsNotRenewed) {
  const Lease lease = *Login("alice", 1, kStart);
  EXPECT_EQ(book_.Renew(lease.token, lease.expires).reason, EndReason::kExpired);
  EXPECT_EQ(book_.Find(Key(1))->expires, lease.expires);
}

TEST_F(LeaseBookTest, AnEndIsNeverPostponed) {
  const Lease lease = *Login("alice", 1, kStart);
  book_.BeginEnd(Key(1), EndReason::kRevoked, kStart + 1);
  EXPECT_EQ(book_.Renew(lease.token, kStart + 1).reason, EndReason::kRevoked);
  EXPECT_EQ(std::get<VerdictCode>(book_.Offer(WishOf("alice", 1), kStart + 1)), VerdictCode::kBusy);
  book_.BeginEnd(Key(1), EndReason::kExpired, kStart + 2);
  EXPECT_EQ(book_.Renew(lease.token, kStart + 2).reason, EndReason::kRevoked);
  book_.Remove(Key(1), kStart + 3);
  EXPECT_EQ(book_.Renew(lease.token, kStart + 4).reason, EndReason::kRevoked);
}

TEST_F(LeaseBookTest, AnEndedTokenIsUnknownAfterADay) {
  const Lease lease = *Login("alice", 1, kStart);
  End(1, EndReason::kRevoked, kStart);
  Login("bob", 2, kStart);
  End(2, EndReason::kRevoked, kStart + 86400);
  EXPECT_EQ(book_.Renew(lease.token, kStart + 86400).code, VerdictCode::kCredentials);
}

TEST_F(LeaseBookTest, TenRenewalsAMinute) {
  const Lease lease = *Login("alice", 1, kStart);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(book_.Renew(lease.token, kStart + 1).code, VerdictCode::kGranted);
  }
  EXPECT_EQ(book_.Renew(lease.token, kStart + 2).code, VerdictCode::kTooMany);
  EXPECT_EQ(book_.Renew(lease.token, kStart + 61).code, VerdictCode::kGranted);
}

TEST_F(LeaseBookTest, NamesLeasesThatNewSettingsLeaveOut) {
  Login("alice", 1, kStart);
  EXPECT_TRUE(book_.LeasesOutside().empty());
  RegistrarSettings settings = Settings();
  settings.reserved.push_back(*Prefix::Parse("10.8.0.2"));
  book_.Configure(settings);
  EXPECT_EQ(book_.LeasesOutside().size(), 1U);
}

TEST_F(LeaseBookTest, RestoresOnlyWhatFits) {
  const Lease lease = *Login("alice", 1, kStart);
  LeaseBook other;
  other.Configure(Settings());
  EXPECT_TRUE(other.Restore(lease));
  EXPECT_FALSE(other.Restore(lease)) << "twice";
  Lease stolen = lease;
  stolen.public_key = Key(2);
  stolen.token = Bytes<32>(77);
  EXPECT_FALSE(other.Restore(stolen)) << "the same addresses";
  Lease outside = lease;
  outside.public_key = Key(3);
  outside.token = Bytes<32>(78);
  outside.addresses = {*IpAddress::Parse("10.9.0.2"), *IpAddress::Parse("fd08::2")};
  EXPECT_FALSE(other.Restore(outside));
  EXPECT_EQ(other.Renew(lease.token, kStart + 1).code, VerdictCode::kGranted);
}

// Some hundred histories of logins, lost answers, renewals, ends and time: no two keys share an
// address, no lease outlives its session, ended tokens stay ended, MaxLeases and Devices hold.
class LeaseBookHistory : public LeaseBookTest {
 protected:
  void Play(uint64_t seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    book_ = LeaseBook();
    book_.Configure(Settings());
    std::map<crypto::PublicKey, Lease> offered;
    std::vector<TokenHash> ended;
    int64_t now = kStart;
    for (int step = 0; step < 300; ++step) {
      now += static_cast<int64_t>(random.Below(400));
      const auto key = static_cast<uint32_t>(random.Below(9)) + 1;
      const std::string user = "u" + std::to_string(key / 3);
      switch (random.Below(6)) {
        case 0:
        case 1: {
          const auto offer = book_.Offer(WishOf(user, key), now);
          if (const auto* lease = std::get_if<Lease>(&offer)) offered[Key(key)] = *lease;
          break;
        }
        case 2:
          if (const auto it = offered.find(Key(key)); it != offered.end()) {
            book_.Grant(it->second, now);
            offered.erase(it);
          }
          break;
        case 3:
          if (offered.erase(Key(key)) > 0) book_.Withdraw(Key(key));
          break;
        case 4:
          if (const Lease* lease = book_.Find(Key(key))) {
            const int64_t before = lease->expires;
            const auto renewal = book_.Renew(TokenHash(lease->token), now);
            if (renewal.lease != nullptr) EXPECT_GE(renewal.lease->expires, before);
          }
          break;
        default:
          for (const LeaseBook::Due& due : book_.DueAt(now)) {
            ended.push_back(book_.Find(due.public_key)->token);
            book_.BeginEnd(due.public_key, due.reason, now);
            if (!offered.contains(due.public_key)) book_.Remove(due.public_key, now);
          }
      }
      CheckInvariants(now, ended);
    }
  }

  void CheckInvariants(int64_t now, const std::vector<TokenHash>& ended) {
    std::set<IpAddress> taken;
    std::map<std::string, uint32_t> devices;
    for (const auto& [key, lease] : book_.leases()) {
      EXPECT_LE(lease.expires, lease.session_ends);
      EXPECT_LE(lease.expires, now + kLease);
      EXPECT_LE(++devices[lease.user], 2U);
      for (const IpAddress& address : lease.addresses) {
        EXPECT_TRUE(taken.insert(address).second) << address.ToString();
      }
    }
    for (const TokenHash& token : ended) {
      EXPECT_NE(book_.Renew(token, now).code, VerdictCode::kGranted);
    }
  }
};

TEST_F(LeaseBookHistory, HoldsItsRulesWhateverHappens) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Play(seed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ringwire::enrol
