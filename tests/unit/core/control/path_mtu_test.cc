#include "core/control/path_mtu.h"

#include <algorithm>
#include <optional>

#include "core/wire/path_probe.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

using absl::Seconds;

// A path, and the peer at its other end.
struct Path {
  uint32_t carries = 1420;  // packets of up to this size; 0: none
  bool answers = true;      // probes, at once
  bool keepalives = true;   // after 10 s
};

class PathMtuTest : public ::testing::Test {
 protected:
  // Advances time; large packets are sent all the while if `in_use`.
  void Run(absl::Duration duration, bool in_use = true) {
    const Instant end = now_ + duration;
    for (; now_ < end; now_ = now_ + absl::Milliseconds(100)) {
      if (keepalive_at_.has_value() && now_ >= *keepalive_at_) {
        traffic_.received_bytes += 32;
        keepalive_at_.reset();
      }
      if (in_use && mtu_.limits().watch) mtu_.LargeSent(now_);
      traffic_.received_bytes += noise_bytes_;
      if (now_ >= mtu_.due()) Step();
    }
  }
  void Step() {
    const std::optional<PathMtu::Probes> probes = mtu_.Advance(now_, interface_mtu_, traffic_);
    if (!probes.has_value()) return;
    if (probes->bytes != 0) Send(probes->id, probes->bytes);
    if (probes->small) Send(probes->id, kPathProbeBytesMin);
  }
  void Send(uint32_t id, uint32_t bytes) {
    ++probes_sent_;
    traffic_.sent_bytes += bytes + 32;
    if (bytes > path_.carries) return;
    if (path_.answers) mtu_.Answered(now_, id, bytes);
    if (!path_.answers && path_.keepalives) keepalive_at_ = now_ + Seconds(10);
  }
  // Data goes unanswered; a handshake follows, which is answered at once.
  void Silence() {
    mtu_.Unanswered(now_);
    mtu_.SessionEstablished(now_ + absl::Milliseconds(50));
  }
  uint32_t limit() const { return mtu_.limits().packet_bytes_max; }

  PathMtu mtu_;
  Path path_;
  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  uint32_t interface_mtu_ = 1420;
  PathMtu::Traffic traffic_;
  uint64_t noise_bytes_ = 0;  // received each tenth of a second
  std::optional<Instant> keepalive_at_;
  int probes_sent_ = 0;
};

TEST_F(PathMtuTest, AnUnusedPathCostsNoProbeAndNoDeadline) {
  Run(absl::Hours(1), /*in_use=*/false);
  EXPECT_EQ(probes_sent_, 0);
  EXPECT_TRUE(mtu_.due().IsInfiniteFuture());
  EXPECT_TRUE(mtu_.limits().watch);
}

TEST_F(PathMtuTest, AWidePathHasNoLimit) {
  Run(absl::Minutes(5));
  EXPECT_EQ(limit(), 0u);
  EXPECT_LE(probes_sent_, 45) << "two each 15 s";
}

TEST_F(PathMtuTest, FindsANarrowPathWithinSeconds) {
  path_.carries = 1352;
  Run(Seconds(4));
  EXPECT_EQ(limit(), 1344u) << "the largest multiple of 16 that passes";
}

TEST_F(PathMtuTest, FindsEachWidthToTheStepOfPadding) {
  for (uint32_t carries = 1200; carries < 1420; ++carries) {
    mtu_ = PathMtu();
    path_.carries = carries;
    Run(Seconds(40));
    EXPECT_LE(limit(), carries);
    EXPECT_GT(limit() + 32, carries) << carries;
  }
}

TEST_F(PathMtuTest, FollowsAPathThatNarrows) {
  Run(absl::Minutes(1));
  ASSERT_EQ(limit(), 0u);
  path_.carries = 1300;
  Run(Seconds(50));
  EXPECT_EQ(limit(), 1296u);
  path_.carries = 1250;
  Run(Seconds(50));
  EXPECT_EQ(limit(), 1248u);
}

TEST_F(PathMtuTest, GoesBackUpWhenThePathWidens) {
  path_.carries = 1300;
  Run(absl::Minutes(1));
  ASSERT_EQ(limit(), 1296u);
  path_.carries = 1420;
  Run(kPathRaiseInterval + absl::Minutes(1));
  EXPECT_EQ(limit(), 0u);
}

TEST_F(PathMtuTest, StaysNarrowAfterAnAttemptToWidenThatFails) {
  path_.carries = 1300;
  Run(absl::Hours(1));
  EXPECT_EQ(limit(), 1296u);
}

TEST_F(PathMtuTest, ADeadPathIsNotNarrow) {
  Run(absl::Minutes(1));
  path_.carries = 0;
  Run(absl::Minutes(3));
  EXPECT_EQ(limit(), 0u);
  path_.carries = 1420;
  Run(absl::Minutes(3));
  EXPECT_EQ(limit(), 0u);
}

TEST_F(PathMtuTest, AnotherInterfaceMtuStartsAnew) {
  path_.carries = 1300;
  Run(absl::Minutes(1));
  ASSERT_NE(limit(), 0u);
  interface_mtu_ = 1280;
  Run(absl::Minutes(1));
  EXPECT_EQ(limit(), 0u);
}

TEST_F(PathMtuTest, APeerThatDoesNotAnswerProbesIsAskedLessAndLess) {
  path_.answers = false;
  Run(absl::Minutes(5));
  EXPECT_LE(probes_sent_, 9) << "three at 0, 1 and 3 minutes";
  Run(absl::Hours(24));
  EXPECT_LE(probes_sent_, 9 + 3 * 30);
  EXPECT_EQ(limit(), 0u);
}

TEST_F(PathMtuTest, AfterASilenceOnePacketWithoutAKeepaliveProvesANarrowPath) {
  path_.answers = false;
  path_.carries = 1300;
  Run(Seconds(30));
  ASSERT_EQ(limit(), 0u);
  Silence();
  Run(Seconds(13));
  EXPECT_EQ(limit(), PeerPath::kFloorBytes);
}

TEST_F(PathMtuTest, ASilenceOnAWidePathChangesNothing) {
  path_.answers = false;
  Run(Seconds(30));
  Silence();
  Run(Seconds(60));
  EXPECT_EQ(limit(), 0u);
}

TEST_F(PathMtuTest, ASilenceWithoutLargePacketsChangesNothing) {
  path_.answers = false;
  path_.carries = 1300;
  Run(Seconds(30));
  Run(absl::Minutes(2), /*in_use=*/false);
  const int before = probes_sent_;
  Silence();
  Run(Seconds(60), /*in_use=*/false);
  EXPECT_EQ(limit(), 0u);
  EXPECT_EQ(probes_sent_, before);
}

TEST_F(PathMtuTest, AHandshakeThatTakesLongIsNoSignOfSize) {
  path_.answers = false;
  path_.carries = 1300;
  Run(Seconds(30));
  mtu_.Unanswered(now_);
  Run(Seconds(10));
  mtu_.SessionEstablished(now_);
  Run(Seconds(30));
  EXPECT_EQ(limit(), 0u);
}

TEST_F(PathMtuTest, WidensByKeepalivesAloneWhileNothingElsePasses) {
  path_.answers = false;
  path_.carries = 1300;
  Run(Seconds(30));
  Silence();
  Run(absl::Minutes(10));
  EXPECT_EQ(limit(), 1296u);
  path_.carries = 1420;
  Run(absl::Minutes(25));
  EXPECT_EQ(limit(), 0u);
}

TEST_F(PathMtuTest, TrafficThatComesMeanwhileProvesNothing) {
  path_.answers = false;
  path_.carries = 1300;
  Run(Seconds(30));
  Silence();
  Run(Seconds(14));
  ASSERT_EQ(limit(), PeerPath::kFloorBytes);
  noise_bytes_ = 100;
  Run(absl::Hours(1));
  EXPECT_EQ(limit(), PeerPath::kFloorBytes);
}

TEST_F(PathMtuTest, AnAnswerToAnotherProbeIsIgnored) {
  mtu_.LargeSent(now_);
  const auto probes = mtu_.Advance(now_, 1420, traffic_);
  ASSERT_TRUE(probes.has_value());
  mtu_.Answered(now_, probes->id + 1, 1420);
  EXPECT_GT(mtu_.due(), now_);
}

}  // namespace
}  // namespace ringwire
