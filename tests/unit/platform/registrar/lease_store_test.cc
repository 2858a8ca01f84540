#include "platform/registrar/lease_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

constexpr uint32_t kLeaseS = 3600;
constexpr uint32_t kSessionS = 86400;
constexpr int64_t kUnix = 1'800'000'000;

crypto::PublicKey KeyOf(uint8_t byte) {
  crypto::PublicKey key;
  key.fill(byte);
  return key;
}

enrol::Lease LeaseOf(uint8_t byte, int64_t now) {
  enrol::Lease lease;
  lease.user = "alice";
  lease.device = "laptop";
  lease.public_key = KeyOf(byte);
  lease.addresses = {*IpAddress::Parse("10.8.0.7")};
  lease.token = KeyOf(100);
  lease.since = now;
  lease.expires = now + kLeaseS;
  lease.session_ends = now + kSessionS;
  return lease;
}

class LeaseStoreTest : public FolderTest {
 protected:
  std::string path() const { return folder_ + "/leases.db"; }
  std::vector<enrol::Lease> Load(const LeaseClock& now) {
    auto store = LeaseStore::Open(path());
    EXPECT_TRUE(store.ok()) << store.status();
    auto leases = store->Load(now, kLeaseS, kSessionS);
    EXPECT_TRUE(leases.ok()) << leases.status();
    return *std::move(leases);
  }
  void Put(const enrol::Lease& lease, const LeaseClock& now) {
    auto store = LeaseStore::Open(path());
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE(store->Put({&lease, 1}, now).ok());
  }
};

TEST_F(LeaseStoreTest, KeepsWhatWasPutUntilItIsRemoved) {
  const LeaseClock now{"boot", 1000, kUnix};
  {
    auto store = LeaseStore::Open(path());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE(store->Load(now, kLeaseS, kSessionS)->empty());
    const std::vector<enrol::Lease> leases = {LeaseOf(1, 1000), LeaseOf(2, 1000)};
    ASSERT_TRUE(store->Put(leases, now).ok());
    enrol::Lease changed = LeaseOf(1, 1000);
    changed.device = "phone";
    ASSERT_TRUE(store->Put({&changed, 1}, now).ok());
    const crypto::PublicKey gone = KeyOf(2);
    ASSERT_TRUE(store->Remove({&gone, 1}).ok());
  }
  const std::vector<enrol::Lease> leases = Load(now);
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_EQ(leases[0].device, "phone");
  EXPECT_EQ(leases[0].expires, 1000 + kLeaseS);
  EXPECT_EQ(leases[0].addresses[0].ToString(), "10.8.0.7");
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
}

TEST_F(LeaseStoreTest, ADateThatMovesDuringABootChangesNothing) {
  Put(LeaseOf(1, 1000), {"boot", 1000, kUnix});
  for (const int64_t moved : {-86400, 86400}) {
    EXPECT_EQ(Load({"boot", 1500, kUnix + 500 + moved})[0].expires, 1000 + kLeaseS);
  }
}

TEST_F(LeaseStoreTest, LeasesOfAnEarlierBootGoOnByTheDate) {
  Put(LeaseOf(1, 50'000), {"boot", 50'000, kUnix});
  const enrol::Lease lease = Load({"next", 20, kUnix + 600})[0];
  EXPECT_EQ(lease.expires, 20 + kLeaseS - 600);
  EXPECT_EQ(lease.session_ends, 20 + kSessionS - 600);
}

// A day back: what is left is at most a whole lease. A day forth: it is over.
TEST_F(LeaseStoreTest, NoDateMakesALeaseLastLonger) {
  Put(LeaseOf(1, 50'000), {"boot", 50'000, kUnix});
  const enrol::Lease back = Load({"next", 20, kUnix - 86400})[0];
  EXPECT_LE(back.expires, 20 + kLeaseS);
  EXPECT_LE(back.session_ends, 20 + kSessionS);
  EXPECT_LT(Load({"next", 20, kUnix + 86400})[0].expires, 20);
}

TEST_F(LeaseStoreTest, SaysThatTheFileIsDamaged) {
  std::ofstream(path()) << std::string(8192, 'x');
  EXPECT_TRUE(absl::IsFailedPrecondition(LeaseStore::Open(path()).status()));
}

TEST_F(LeaseStoreTest, SaysThatTheFolderIsMissing) {
  EXPECT_FALSE(LeaseStore::Open(folder_ + "/no/leases.db").ok());
}

}  // namespace
}  // namespace ringwire::platform
