#include "core/routing/allowed_ips.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endian.h"
#include "core/base/instant.h"
#include "core/base/quiescence.h"
#include "core/routing/peer_slot.h"
#include "tests/support/seeded_random.h"

namespace ringwire {
namespace {

constexpr Instant kNow = Instant::FromNanoseconds(1'000'000'000);

Prefix P(std::string_view text) { return Prefix::Parse(text).value(); }
IpAddress A(std::string_view text) { return IpAddress::Parse(text).value(); }

class AllowedIpsTest : public ::testing::Test {
 protected:
  void Insert(std::string_view prefix, PeerSlot* peer) { allowed_ips_.Insert(P(prefix), peer); }
  void Commit() { allowed_ips_.Commit(kNow); }
  PeerSlot* Lookup(std::string_view address) const { return allowed_ips_.Lookup(A(address)); }
  std::string PrefixesOf(const PeerSlot& peer) const {
    std::string text;
    for (const Prefix& prefix : allowed_ips_.PrefixesOf(&peer)) text += prefix.ToString() + " ";
    return text;
  }

  StagedPool pool_;
  PeerSlot a_{PeerId{0, 1}, &pool_};
  PeerSlot b_{PeerId{1, 1}, &pool_};
  PeerSlot c_{PeerId{2, 1}, &pool_};
  QuiescenceDomain quiescence_;
  AllowedIps allowed_ips_{&quiescence_};
};

TEST_F(AllowedIpsTest, EmptyOwnsNothing) {
  EXPECT_EQ(Lookup("10.0.0.1"), nullptr);
  EXPECT_EQ(Lookup("fd00::1"), nullptr);
  EXPECT_EQ(allowed_ips_.size(), 0u);
  EXPECT_EQ(PrefixesOf(a_), "");
  Commit();
  EXPECT_EQ(quiescence_.retired_count(), 0u);
}

TEST_F(AllowedIpsTest, TheLongestPrefixWins) {
  Insert("10.0.0.0/8", &a_);
  Insert("10.1.0.0/16", &b_);
  Insert("10.1.2.3/32", &c_);
  Insert("fd00::/8", &a_);
  Insert("fd00:0:0:1::/64", &b_);
  Insert("fd00:0:0:1::5/128", &c_);
  Commit();
  EXPECT_EQ(Lookup("10.2.0.1"), &a_);
  EXPECT_EQ(Lookup("10.1.2.4"), &b_);
  EXPECT_EQ(Lookup("10.1.2.3"), &c_);
  EXPECT_EQ(Lookup("11.0.0.0"), nullptr);
  EXPECT_EQ(Lookup("9.255.255.255"), nullptr);
  EXPECT_EQ(Lookup("fd00:0:0:2::5"), &a_);
  EXPECT_EQ(Lookup("fd00:0:0:1::4"), &b_);
  EXPECT_EQ(Lookup("fd00:0:0:1::5"), &c_);
  EXPECT_EQ(Lookup("fc00::1"), nullptr);
}

TEST_F(AllowedIpsTest, TheOrderOfInsertionDoesNotMatter) {
  const std::vector<std::pair<std::string_view, PeerSlot*>> entries{{"0.0.0.0/0", &a_},
                                                                    {"192.168.4.0/24", &b_},
                                                                    {"192.168.4.4/32", &c_},
                                                                    {"192.168.0.0/16", &a_},
                                                                    {"192.95.5.64/27", &c_}};
  std::vector<size_t> order{0, 1, 2, 3, 4};
  do {
    QuiescenceDomain quiescence;
    AllowedIps allowed_ips(&quiescence);
    for (const size_t i : order) allowed_ips.Insert(P(entries[i].first), entries[i].second);
    allowed_ips.Commit(kNow);
    EXPECT_EQ(allowed_ips.Lookup(A("192.168.4.20")), &b_);
    EXPECT_EQ(allowed_ips.Lookup(A("192.168.4.4")), &c_);
    EXPECT_EQ(allowed_ips.Lookup(A("192.168.200.182")), &a_);
    EXPECT_EQ(allowed_ips.Lookup(A("192.95.5.68")), &c_);
    EXPECT_EQ(allowed_ips.Lookup(A("192.95.5.96")), &a_);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(AllowedIpsTest, TheDefaultRoutesOfTheFamiliesAreTwo) {
  Insert("0.0.0.0/0", &a_);
  Commit();
  EXPECT_EQ(Lookup("255.255.255.255"), &a_);
  EXPECT_EQ(Lookup("::"), nullptr);
  Insert("::/0", &b_);
  Commit();
  EXPECT_EQ(Lookup("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), &b_);
  EXPECT_EQ(Lookup("0.0.0.0"), &a_);
  allowed_ips_.Remove(P("0.0.0.0/0"), &a_);
  Commit();
  EXPECT_EQ(Lookup("1.2.3.4"), nullptr);
  EXPECT_EQ(Lookup("::1"), &b_);
}

TEST_F(AllowedIpsTest, V6PrefixesMeetAroundTheWordBoundary) {
  Insert("2001:db8::/63", &a_);
  Insert("2001:db8:0:1::/64", &b_);
  Insert("2001:db8:0:1:8000::/65", &c_);
  Commit();
  EXPECT_EQ(Lookup("2001:db8:0:0:ffff::"), &a_);
  EXPECT_EQ(Lookup("2001:db8:0:1:7fff::"), &b_);
  EXPECT_EQ(Lookup("2001:db8:0:1:8000::"), &c_);
  EXPECT_EQ(Lookup("2001:db8:0:2::"), nullptr);
}

TEST_F(AllowedIpsTest, ReadersSeeABatchOnlyAfterCommit) {
  Insert("10.0.0.0/8", &a_);
  EXPECT_EQ(Lookup("10.0.0.1"), nullptr);
  EXPECT_EQ(PrefixesOf(a_), "10.0.0.0/8 ") << "the writer sees it";
  Commit();
  allowed_ips_.Remove(P("10.0.0.0/8"), &a_);
  Insert("10.128.0.0/9", &b_);
  EXPECT_EQ(Lookup("10.200.0.1"), &a_);
  Commit();
  EXPECT_EQ(Lookup("10.200.0.1"), &b_);
  EXPECT_EQ(Lookup("10.0.0.1"), nullptr);
}

TEST_F(AllowedIpsTest, APrefixHasOneOwnerTheLastOneGiven) {
  Insert("10.0.0.0/24", &a_);
  Insert("10.0.1.0/24", &a_);
  Commit();
  Insert("10.0.0.0/24", &b_);
  Commit();
  EXPECT_EQ(Lookup("10.0.0.1"), &b_);
  EXPECT_EQ(PrefixesOf(a_), "10.0.1.0/24 ");
  EXPECT_EQ(PrefixesOf(b_), "10.0.0.0/24 ");
  EXPECT_EQ(allowed_ips_.size(), 2u);
}

TEST_F(AllowedIpsTest, ListsPrefixesInTheOrderOfAddingAcrossFamilies) {
  Insert("10.9.0.0/24", &a_);
  Insert("fd00::/64", &a_);
  Insert("10.1.0.0/24", &a_);
  Insert("10.9.0.0/24", &a_);
  EXPECT_EQ(PrefixesOf(a_), "10.9.0.0/24 fd00::/64 10.1.0.0/24 ");
  Insert("10.9.0.0/24", &b_);
  Insert("10.9.0.0/24", &a_);
  EXPECT_EQ(PrefixesOf(a_), "fd00::/64 10.1.0.0/24 10.9.0.0/24 ");
}

TEST_F(AllowedIpsTest, RemovesOnlyForTheOwnerAndOnlyTheExactPrefix) {
  Insert("10.0.0.0/24", &a_);
  Insert("10.0.0.0/16", &b_);
  Commit();
  allowed_ips_.Remove(P("10.0.0.0/24"), &b_);
  allowed_ips_.Remove(P("10.0.0.0/23"), &a_);
  allowed_ips_.Remove(P("fd00::/24"), &a_);
  Commit();
  EXPECT_EQ(Lookup("10.0.0.1"), &a_);
  allowed_ips_.Remove(P("10.0.0.0/24"), &a_);
  Commit();
  EXPECT_EQ(Lookup("10.0.0.1"), &b_) << "the shorter prefix takes over";
  EXPECT_EQ(PrefixesOf(a_), "");
}

TEST_F(AllowedIpsTest, RemoveAllTakesOnePeersPrefixesOfBothFamilies) {
  Insert("10.0.0.0/24", &a_);
  Insert("fd00::/64", &a_);
  Insert("10.0.0.0/8", &b_);
  Insert("10.0.0.128/25", &b_);
  Commit();
  allowed_ips_.RemoveAll(&a_);
  allowed_ips_.RemoveAll(&c_);
  Commit();
  EXPECT_EQ(Lookup("10.0.0.1"), &b_);
  EXPECT_EQ(Lookup("10.0.0.129"), &b_);
  EXPECT_EQ(Lookup("fd00::1"), nullptr);
  EXPECT_EQ(allowed_ips_.size(), 2u);
  Insert("10.0.0.0/24", &a_);
  EXPECT_EQ(PrefixesOf(a_), "10.0.0.0/24 ") << "the peer may come back";
}

TEST_F(AllowedIpsTest, ClearRemovesEveryPrefixAtTheNextCommit) {
  Insert("10.0.0.0/24", &a_);
  Insert("fd00::/64", &b_);
  Commit();
  Insert("10.0.0.128/25", &c_);
  Insert("10.0.0.0/24", &c_);
  allowed_ips_.Clear();
  Insert("10.0.0.0/8", &b_);
  EXPECT_EQ(Lookup("10.0.0.1"), &a_) << "readers see it after Commit";
  Commit();
  EXPECT_EQ(quiescence_.retired_count(), 1u);
  EXPECT_EQ(Lookup("10.0.0.1"), &b_);
  EXPECT_EQ(Lookup("fd00::1"), nullptr);
  EXPECT_EQ(PrefixesOf(a_), "");
  EXPECT_EQ(PrefixesOf(b_), "10.0.0.0/8 ");
  EXPECT_EQ(allowed_ips_.size(), 1u);
  EXPECT_EQ(allowed_ips_.node_count(), 1u);
}

TEST_F(AllowedIpsTest, ACommitRetiresReplacedNodesAsOneObject) {
  for (int i = 0; i < 100; ++i) Insert("10.0." + std::to_string(i) + ".0/24", &a_);
  Insert("fd00::/64", &a_);
  Commit();
  EXPECT_EQ(quiescence_.retired_count(), 0u) << "nothing was published before";
  for (int i = 0; i < 100; ++i) Insert("10.0." + std::to_string(i) + ".0/24", &b_);
  Insert("fd00::/64", &b_);
  Commit();
  EXPECT_EQ(quiescence_.retired_count(), 1u);
  Commit();
  EXPECT_EQ(quiescence_.retired_count(), 1u) << "an empty batch replaces nothing";
}

TEST_F(AllowedIpsTest, RemovedPrefixesLeaveNoNodesBehind) {
  Insert("10.0.0.0/32", &a_);
  Insert("10.0.0.1/32", &b_);
  Insert("fd00::/64", &a_);
  EXPECT_EQ(allowed_ips_.node_count(), 4u) << "one fork";
  Commit();
  allowed_ips_.Remove(P("10.0.0.1/32"), &b_);
  EXPECT_EQ(allowed_ips_.node_count(), 2u);
  Insert("10.0.0.2/32", &b_);
  allowed_ips_.Remove(P("10.0.0.2/32"), &b_);
  EXPECT_EQ(allowed_ips_.node_count(), 2u) << "the same within a batch";
  allowed_ips_.RemoveAll(&a_);
  EXPECT_EQ(allowed_ips_.node_count(), 0u);
}

TEST_F(AllowedIpsTest, MayBeDestroyedInTheMiddleOfABatch) {
  AllowedIps allowed_ips(&quiescence_);
  for (int i = 0; i < 50; ++i) allowed_ips.Insert(P("10.0.0." + std::to_string(i) + "/32"), &a_);
  allowed_ips.Commit(kNow);
  for (int i = 0; i < 50; i += 2) allowed_ips.Remove(P("10.0.0." + std::to_string(i) + "/32"), &a_);
  allowed_ips.Insert(P("10.0.0.0/24"), &b_);
}

TEST_F(AllowedIpsTest, TakesEveryPrefixOfALargePeerInOneBatch) {
  constexpr uint32_t kCount = 130'560;  // what a peer of the largest known configuration has
  std::array<uint8_t, 4> bytes;
  for (uint32_t i = 0; i < kCount; ++i) {
    StoreBe32(bytes.data(), 0x0a000000 + (i << 7));
    allowed_ips_.Insert(Prefix::Of(IpAddress::V4(bytes), 25), &a_);
  }
  Commit();
  EXPECT_EQ(allowed_ips_.size(), kCount);
  EXPECT_EQ(Lookup("10.0.0.1"), &a_);
  EXPECT_EQ(Lookup("10.254.255.255"), &a_);
  EXPECT_EQ(Lookup("10.255.0.0"), nullptr);
  allowed_ips_.RemoveAll(&a_);
  Commit();
  EXPECT_EQ(allowed_ips_.size(), 0u);
  EXPECT_EQ(Lookup("10.0.0.1"), nullptr);
  EXPECT_EQ(quiescence_.Collect(), 0u);
}

// The plain version: every prefix is tried.
class LinearScan {
 public:
  void Insert(const Prefix& prefix, PeerSlot* peer) { owners_[prefix] = peer; }
  void Remove(const Prefix& prefix, PeerSlot* peer) {
    const auto found = owners_.find(prefix);
    if (found != owners_.end() && found->second == peer) owners_.erase(found);
  }
  void RemoveAll(PeerSlot* peer) {
    std::erase_if(owners_, [peer](const auto& entry) { return entry.second == peer; });
  }
  PeerSlot* Lookup(const IpAddress& address) const {
    int longest = -1;
    PeerSlot* owner = nullptr;
    for (const auto& [prefix, peer] : owners_) {
      if (prefix.length <= longest || !prefix.Contains(address)) continue;
      longest = prefix.length;
      owner = peer;
    }
    return owner;
  }
  const std::map<Prefix, PeerSlot*>& owners() const { return owners_; }

 private:
  std::map<Prefix, PeerSlot*> owners_;
};

// Few distinct bits, so that prefixes nest, part and meet again.
IpAddress RandomAddress(SeededRandom* random) {
  std::array<uint8_t, 16> bytes{};
  const bool v4 = random->Below(2) == 0;
  for (const size_t i : {size_t{0}, size_t{1}, v4 ? size_t{3} : size_t{8}}) {
    bytes[i] = static_cast<uint8_t>(random->Next() & 0x81);
  }
  if (v4) return IpAddress::V4(std::span<const uint8_t, 16>(bytes).first<4>());
  return IpAddress::V6(bytes);
}

TEST_F(AllowedIpsTest, AgreesWithALinearScanOverRandomEdits) {
  constexpr uint64_t kSeed = 20240601;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  SeededRandom random(kSeed);
  const std::array<PeerSlot*, 3> peers{&a_, &b_, &c_};
  LinearScan plain;
  auto* const reader = quiescence_.AddReader();
  for (int batch = 0; batch < 400; ++batch) {
    for (uint64_t edits = random.Below(12); edits > 0; --edits) {
      const IpAddress address = RandomAddress(&random);
      const auto bits = static_cast<uint64_t>(address.Bits());
      const Prefix prefix = Prefix::Of(address, static_cast<int>(random.Below(bits + 1)));
      PeerSlot* const peer = peers[random.Below(peers.size())];
      const uint64_t kind = random.Below(100);
      if (kind < 60) {
        allowed_ips_.Insert(prefix, peer);
        plain.Insert(prefix, peer);
      } else if (kind < 98 && !plain.owners().empty()) {
        const auto victim = std::next(plain.owners().begin(),
                                      static_cast<int64_t>(random.Below(plain.owners().size())));
        const auto [victim_prefix, owner] = *victim;
        allowed_ips_.Remove(victim_prefix, owner);
        plain.Remove(victim_prefix, owner);
      } else {
        allowed_ips_.RemoveAll(peer);
        plain.RemoveAll(peer);
      }
    }
    Commit();
    quiescence_.Collect();
    reader->Online();
    ASSERT_EQ(allowed_ips_.size(), plain.owners().size());
    ASSERT_LE(allowed_ips_.node_count(), 2 * allowed_ips_.size());
    for (int i = 0; i < 100; ++i) {
      const IpAddress address = RandomAddress(&random);
      ASSERT_EQ(allowed_ips_.Lookup(address), plain.Lookup(address)) << address.ToString();
    }
    reader->Offline();
  }
  size_t listed = 0;
  for (PeerSlot* const peer : peers) {
    for (const Prefix& prefix : allowed_ips_.PrefixesOf(peer)) {
      EXPECT_EQ(plain.owners().at(prefix), peer);
      ++listed;
    }
  }
  EXPECT_EQ(listed, plain.owners().size());
}

using AllowedIpsDeathTest = AllowedIpsTest;

TEST_F(AllowedIpsDeathTest, RefusesAPrefixWithHostBits) {
  EXPECT_DEATH(allowed_ips_.Insert(Prefix{A("10.0.0.1"), 24}, &a_), "CHECK failed");
}

}  // namespace
}  // namespace ringwire
