// The packet path allocates nothing once it has started: neither for good packets nor because of
// bad ones.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/allocation_counter.h"
#include "tests/support/pair.h"
#include "tests/support/tun_frame.h"

namespace ringwire {
namespace {

class PacketPathAllocationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!AllocationCounter::CanCount())
      GTEST_SKIP() << "counting allocations needs a sanitizer build";
    ASSERT_TRUE(pair_.SendFromA());
    ASSERT_TRUE(pair_.SendFromB());
  }

  // One batch from A's TUN to B's, as a worker does it; `damage` flips a bit of every sealed
  // message. Returns how many packets B would write.
  size_t Forward(std::span<const TunFrame> frames, bool damage) {
    size_t written = 0;
    while (!frames.empty()) {
      pair_.a().outbound().Reset();
      frames = frames.subspan(pair_.a().outbound().Process(pair_.now(), frames));
      for (const SendRun& run : pair_.a().outbound().to_wire()) {
        if (damage) run.run.data[run.run.last_bytes - 1] ^= 1;
        received_[0] = ReceivedRun{run.run, pair_.FromA(), run.tos, false};
        pair_.b().inbound().Process(pair_.now(), std::span(received_).first(1));
        for (const TunWrite& write : pair_.b().inbound().to_tun().writes)
          written += write.segment_count;
      }
    }
    return written;
  }

  Pair pair_{{.inbound = {.coalesce_tcp = true, .coalesce_udp = true}}};
  std::array<ReceivedRun, 1> received_;
};

TEST_F(PacketPathAllocationTest, PlainPacketsAndSuperpacketsCostNoAllocation) {
  std::vector<Bytes> storage(32, TunFrameOf({}, Pair::PacketFromA(1300)));
  storage.push_back(TunFrameOf(
      TcpGso(1380), BuildSuperpacket({.kind = PacketKind::kTcp, .payload_bytes = 60'000})));
  std::vector<TunFrame> frames;
  for (Bytes& frame : storage) frames.push_back({frame});
  size_t written = 0;
  {
    const AllocationCounter counter;
    for (int i = 0; i < 20; ++i) written += Forward(frames, false);
  }
  EXPECT_EQ(AllocationCounter::allocations(), 0);
  EXPECT_EQ(written, 20 * (32 + 44));
}

TEST_F(PacketPathAllocationTest, DamagedMessagesCostNoAllocation) {
  Bytes frame = TunFrameOf({}, Pair::PacketFromA(1300));
  const TunFrame frames[] = {{frame}};
  EXPECT_EQ(Forward(frames, true), 0);  // BoringSSL's error state: once a thread
  {
    const AllocationCounter counter;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(Forward(frames, true), 0);
  }
  EXPECT_EQ(AllocationCounter::allocations(), 0);
  EXPECT_EQ(pair_.b().Dropped(DropReason::kTransportInvalid), 101);
}

TEST_F(PacketPathAllocationTest, PacketsForNobodyCostNoAllocation) {
  Bytes frame = TunFrameOf({}, BuildPacket({.destination = TestAddress(IpFamily::kV4, 99)}));
  std::vector<TunFrame> frames(64, TunFrame{frame});
  {
    const AllocationCounter counter;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(Forward(frames, false), 0);
  }
  EXPECT_EQ(AllocationCounter::allocations(), 0);
  EXPECT_EQ(pair_.a().Dropped(DropReason::kNoPeerForDestination), 640);
}

}  // namespace
}  // namespace ringwire
