#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

#include "crypto/aead.h"
#include "crypto/aead_runs.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/xaead.h"
#include "tests/support/allocation_counter.h"
#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

class AllocationTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!AllocationCounter::CanCount()) {
      GTEST_SKIP() << "counting allocations needs a sanitizer build";
    }
  }
};

TEST_F(AllocationTest, TheCounterCounts) {
  {
    const AllocationCounter counter;
    const Bytes bytes(1000);
    EXPECT_EQ(bytes.back(), 0);
  }
  EXPECT_GE(AllocationCounter::allocations(), 1);
}

void ExpectThatRunsDoNotAllocate(AeadSuite suite, AeadProvider provider) {
  constexpr size_t kRun = 16;
  AeadProviders providers;
  providers.by_suite[static_cast<size_t>(suite)] = provider;
  AeadEngine engine(providers);
  std::array<std::array<uint8_t, 1420 + kTagBytes>, kRun> buffers{};
  std::array<SealSegment, kRun> to_seal;
  std::array<OpenSegment, kRun> to_open;
  for (size_t i = 0; i < kRun; ++i) {
    to_seal[i] = {buffers[i].data(), 1420};
    to_open[i] = {buffers[i].data(), buffers[i].size(), 1 + i, true};
  }
  std::array<OpenSegment, kRun> forged = to_open;
  {
    const AllocationCounter counter;
    const AeadKey key(suite, SymmetricKey());
    engine.SealRun(key, to_seal, 1);
    engine.OpenRun(key, to_open);
    engine.OpenRun(key, forged);
  }
  EXPECT_TRUE(to_open.back().ok);
  EXPECT_FALSE(forged.back().ok);
  EXPECT_EQ(AllocationCounter::allocations(), 0)
      << AeadSuiteName(suite) << " " << AeadProviderName(provider);
}

// In a thread of its own, so that the first refused segment is the thread's first error too.
TEST_F(AllocationTest, RunsDoNotAllocateEvenWhenTheTagIsWrong) {
  const AeadKey first(AeadSuite::kAes256Gcm, SymmetricKey());  // sets up what all keys share
  for (const AeadSuite suite : {AeadSuite::kChaCha20Poly1305, AeadSuite::kAes256Gcm}) {
    std::thread(ExpectThatRunsDoNotAllocate, suite, AeadProvider::kBoringSsl).join();
    if (MakeIpsecMb().runs == nullptr) continue;
    std::thread(ExpectThatRunsDoNotAllocate, suite, AeadProvider::kIpsecMb).join();
  }
  if (!CanInterleave()) return;
  std::thread(ExpectThatRunsDoNotAllocate, AeadSuite::kChaCha20Poly1305, AeadProvider::kInterleaved)
      .join();
}

TEST_F(AllocationTest, HandshakePrimitivesDoNotAllocate) {
  SymmetricKey key;
  std::array<uint8_t, 32 + kTagBytes> sealed{};
  std::array<uint8_t, 32> opened{};
  const std::array<uint8_t, 24> nonce{};
  bool ok = false;
  {
    const AllocationCounter counter;
    const Mac16 mac = Blake2sMac16(opened, sealed);
    Kdf1(key, mac, &key);
    AeadSeal(key, opened, mac, sealed);
    ok = AeadOpen(key, sealed, mac, opened);
    XAeadSeal(key, nonce, opened, mac, sealed);
    ok = XAeadOpen(key, nonce, sealed, mac, opened) && ok;
  }
  EXPECT_TRUE(ok);
  EXPECT_EQ(AllocationCounter::allocations(), 0);
}

}  // namespace
}  // namespace ringwire::crypto
