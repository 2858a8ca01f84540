#include "crypto/aead_provider.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "crypto/aead_cross_check.h"
#include "crypto/aead_runs.h"
#include "crypto/self_test.h"
#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

constexpr AeadSuite kSuites[] = {AeadSuite::kChaCha20Poly1305, AeadSuite::kAes256Gcm};

// BoringSSL with a defect: `after_seal` and `after_open` may change what it has done.
class DefectiveRuns : public AeadRuns {
 public:
  using AfterSeal = std::function<void(std::span<const SealSegment>)>;
  using AfterOpen = std::function<void(std::span<OpenSegment>)>;
  DefectiveRuns(AfterSeal after_seal, AfterOpen after_open)
      : after_seal_(std::move(after_seal)), after_open_(std::move(after_open)) {}

  void SealRun(const AeadKey& key, std::span<const SealSegment> segments,
               uint64_t counter0) override {
    sound_.SealRun(key, segments, counter0);
    if (after_seal_) after_seal_(segments);
  }
  void OpenRun(const AeadKey& key, std::span<OpenSegment> segments) override {
    sound_.OpenRun(key, segments);
    if (after_open_) after_open_(segments);
  }

 private:
  BoringSslRuns sound_;
  const AfterSeal after_seal_;
  const AfterOpen after_open_;
};

IpsecMb Library(std::unique_ptr<AeadRuns> runs, bool chacha_is_faster = true) {
  return {std::move(runs), "", {chacha_is_faster, true}};
}

std::string WhatTheCheckFinds(DefectiveRuns::AfterSeal after_seal,
                              DefectiveRuns::AfterOpen after_open) {
  DefectiveRuns runs(std::move(after_seal), std::move(after_open));
  std::string what_differs;
  EXPECT_FALSE(CrossCheckAead(AeadSuite::kAes256Gcm, runs, &what_differs));
  return what_differs;
}

TEST(AeadCrossCheckTest, IsPassedByBoringSslItself) {
  for (const AeadSuite suite : kSuites) {
    BoringSslRuns runs;
    std::string what_differs;
    EXPECT_TRUE(CrossCheckAead(suite, runs, &what_differs)) << what_differs;
  }
}

TEST(AeadCrossCheckTest, FindsAWrongBitOfOneSize) {
  const std::string what = WhatTheCheckFinds(
      [](std::span<const SealSegment> segments) {
        for (const SealSegment& segment : segments) {
          if (segment.size == 1021) segment.data[1020] ^= 1;
        }
      },
      nullptr);
  EXPECT_NE(what.find("seals otherwise"), std::string::npos) << what;
}

TEST(AeadCrossCheckTest, FindsAWrongTagAtTheEndOfTheLongestRun) {
  const std::string what = WhatTheCheckFinds(
      [](std::span<const SealSegment> segments) {
        if (segments.size() == 64) segments.back().data[segments.back().size + 15] ^= 0x80;
      },
      nullptr);
  EXPECT_NE(what.find("64 segments"), std::string::npos) << what;
}

TEST(AeadCrossCheckTest, FindsAWriteBehindTheTag) {
  WhatTheCheckFinds(
      [](std::span<const SealSegment> segments) {
        segments.back().data[segments.back().size + kTagBytes] = 0;
      },
      nullptr);
  const std::string what = WhatTheCheckFinds(nullptr, [](std::span<OpenSegment> segments) {
    segments.back().data[segments.back().size] = 0;
  });
  EXPECT_NE(what.find("outside"), std::string::npos) << what;
}

TEST(AeadCrossCheckTest, FindsAnAcceptedForgery) {
  const std::string what = WhatTheCheckFinds(nullptr, [](std::span<OpenSegment> segments) {
    for (OpenSegment& segment : segments) segment.ok = true;
  });
  EXPECT_NE(what.find("accepts"), std::string::npos) << what;
}

TEST(AeadCrossCheckTest, FindsARefusedMessage) {
  const std::string what = WhatTheCheckFinds(nullptr, [](std::span<OpenSegment> segments) {
    if (segments.size() == 40) segments[39].ok = segments[38].ok = segments[37].ok = false;
  });
  EXPECT_NE(what.find("refuses"), std::string::npos) << what;
}

TEST(AeadCrossCheckTest, FindsAWrongPlaintext) {
  const std::string what = WhatTheCheckFinds(nullptr, [](std::span<OpenSegment> segments) {
    for (OpenSegment& segment : segments) {
      if (segment.ok && segment.size > 700 + kTagBytes) segment.data[700] ^= 1;
    }
  });
  EXPECT_NE(what.find("opens otherwise"), std::string::npos) << what;
}

TEST(AeadCrossCheckTest, FindsPlaintextLeftOfAForgery) {
  WhatTheCheckFinds(nullptr, [](std::span<OpenSegment> segments) {
    for (OpenSegment& segment : segments) {
      if (!segment.ok && segment.size > kTagBytes) segment.data[0] = 1;
    }
  });
}

TEST(AeadProviderTest, ASoundLibraryIsUsedWhereItIsFaster) {
  for (const bool chacha_is_faster : {false, true}) {
    const AeadProviderChoice choice = ChooseAeadProviders(
        AeadPreference::kAuto, Library(std::make_unique<BoringSslRuns>(), chacha_is_faster),
        nullptr, StandardAnswers());
    EXPECT_EQ(choice.providers.of(AeadSuite::kChaCha20Poly1305),
              chacha_is_faster ? AeadProvider::kIpsecMb : AeadProvider::kBoringSsl);
    EXPECT_EQ(choice.providers.of(AeadSuite::kAes256Gcm), AeadProvider::kIpsecMb);
    EXPECT_EQ(choice.reason, "");
    EXPECT_FALSE(choice.is_wrong);
  }
}

TEST(AeadProviderTest, ThePreferenceForOneProviderIsForEverySuite) {
  const IpsecMb library = Library(std::make_unique<BoringSslRuns>(), /*chacha_is_faster=*/false);
  EXPECT_EQ(
      ChooseAeadProviders(AeadPreference::kIpsecMb, library, nullptr, StandardAnswers()).providers,
      (AeadProviders{{AeadProvider::kIpsecMb, AeadProvider::kIpsecMb}}));
  EXPECT_EQ(ChooseAeadProviders(AeadPreference::kBoringSsl, library, nullptr, StandardAnswers())
                .providers,
            AeadProviders());
  EXPECT_EQ(ChooseAeadProviders(AeadPreference::kBoringSsl).providers, AeadProviders());
}

TEST(AeadProviderTest, ALibraryThatErrsInOneSuiteIsUsedForNone) {
  for (const AeadSuite suite : kSuites) {
    KnownAnswers answers = StandardAnswers();
    (suite == AeadSuite::kAes256Gcm ? answers.aes_256_gcm_tag : answers.chacha20_poly1305_tag)[7] ^=
        1;
    const AeadProviderChoice choice = ChooseAeadProviders(
        AeadPreference::kAuto, Library(std::make_unique<BoringSslRuns>()), nullptr, answers);
    EXPECT_EQ(choice.providers, AeadProviders());
    EXPECT_TRUE(choice.is_wrong);
    EXPECT_EQ(choice.reason,
              std::string("its ") + AeadSuiteName(suite) + " gives a wrong known answer");
  }
}

TEST(AeadProviderTest, ALibraryThatDiffersFromBoringSslIsNotUsed) {
  for (const AeadPreference preference : {AeadPreference::kAuto, AeadPreference::kIpsecMb}) {
    auto runs = std::make_unique<DefectiveRuns>(
        [](std::span<const SealSegment> segments) {
          segments.back().data[0] ^= segments.size() > 1;
        },
        nullptr);
    const AeadProviderChoice choice =
        ChooseAeadProviders(preference, Library(std::move(runs)), nullptr, StandardAnswers());
    EXPECT_EQ(choice.providers, AeadProviders());
    EXPECT_TRUE(choice.is_wrong);
    EXPECT_NE(choice.reason.find("its ChaCha20-Poly1305 seals otherwise"), std::string::npos)
        << choice.reason;
  }
}

TEST(AeadProviderTest, WithoutTheLibraryThereIsAReasonAndNothingWrong) {
  const IpsecMb absent = {nullptr, "not here", {}};
  const AeadProviderChoice choice =
      ChooseAeadProviders(AeadPreference::kAuto, absent, nullptr, StandardAnswers());
  EXPECT_EQ(choice.providers, AeadProviders());
  EXPECT_EQ(choice.reason, "not here");
  EXPECT_FALSE(choice.is_wrong);
}

TEST(AeadProviderTest, TheChoiceForThisMachineIsRight) {
  const IpsecMb library = MakeIpsecMb();
  const AeadProviderChoice choice = ChooseAeadProviders(AeadPreference::kAuto);
  EXPECT_FALSE(choice.is_wrong) << choice.reason;
  EXPECT_EQ(choice.reason, library.why_not);
  EXPECT_EQ(choice.providers == AeadProviders(), library.runs == nullptr);
  AeadEngine engine(choice.providers);
}

TEST(AeadProviderTest, WithoutAnyOfTheInstructionsTheLibraryIsNeverStarted) {
  const std::string built_without = "this ringwire is built without it";
  for (const IpsecMbCpu& cpu :
       {IpsecMbCpu{.avx2 = true, .aes = false, .pclmul = true},
        IpsecMbCpu{.avx2 = false, .aes = true, .pclmul = true},
        IpsecMbCpu{.avx2 = true, .aes = true, .pclmul = false}, IpsecMbCpu{}}) {
    const IpsecMb library = MakeIpsecMb(cpu);
    EXPECT_EQ(library.runs, nullptr);
    if (library.why_not != built_without) {
      EXPECT_EQ(library.why_not, "the CPU lacks AVX2, AES or PCLMULQDQ instructions");
    }
    EXPECT_EQ(ChooseAeadProviders(AeadPreference::kIpsecMb, library, nullptr, StandardAnswers())
                  .providers,
              AeadProviders());
  }
}

TEST(AeadProviderTest, TrainsAreInterleavedOnlyOnRequest) {
  BoringSslRuns interleaved;
  for (const bool chacha_is_faster : {false, true}) {
    const IpsecMb library = Library(std::make_unique<BoringSslRuns>(), chacha_is_faster);
    const AeadProviders usual =
        ChooseAeadProviders(AeadPreference::kAuto, library, &interleaved, StandardAnswers())
            .providers;
    EXPECT_NE(usual.of(AeadSuite::kChaCha20Poly1305), AeadProvider::kInterleaved);
    const AeadProviderChoice choice =
        ChooseAeadProviders(AeadPreference::kInterleaved, library, &interleaved, StandardAnswers());
    EXPECT_EQ(choice.not_interleaved, "");
    EXPECT_EQ(choice.providers.of(AeadSuite::kChaCha20Poly1305), AeadProvider::kInterleaved);
    EXPECT_EQ(choice.providers.short_runs, usual.of(AeadSuite::kChaCha20Poly1305));
    EXPECT_EQ(choice.providers.of(AeadSuite::kAes256Gcm), usual.of(AeadSuite::kAes256Gcm));
  }
}

TEST(AeadProviderTest, TrainsAreNotInterleavedByCodeThatErrs) {
  const IpsecMb absent = {nullptr, "not here", {}};
  DefectiveRuns interleaved(
      [](std::span<const SealSegment> segments) { segments.back().data[0] ^= segments.size() > 1; },
      nullptr);
  const AeadProviderChoice choice =
      ChooseAeadProviders(AeadPreference::kInterleaved, absent, &interleaved, StandardAnswers());
  EXPECT_EQ(choice.providers, AeadProviders());
  EXPECT_NE(choice.not_interleaved.find("its ChaCha20-Poly1305 seals otherwise"), std::string::npos)
      << choice.not_interleaved;
}

TEST(AeadProviderTest, WithoutTheInstructionsThereIsAReasonNotToInterleave) {
  const IpsecMb absent = {nullptr, "not here", {}};
  const AeadProviderChoice choice =
      ChooseAeadProviders(AeadPreference::kInterleaved, absent, nullptr, StandardAnswers());
  EXPECT_EQ(choice.providers, AeadProviders());
  EXPECT_EQ(choice.not_interleaved, "the CPU lacks AVX-512 F, BW or IFMA instructions");
}

TEST(AeadProviderTest, InterleavingOnThisMachineIsRight) {
  const AeadProviderChoice choice = ChooseAeadProviders(AeadPreference::kInterleaved);
  EXPECT_EQ(choice.not_interleaved.empty(), CanInterleave()) << choice.not_interleaved;
  AeadEngine engine(choice.providers);
}

TEST(AeadProviderTest, Names) {
  EXPECT_STREQ(AeadProviderName(AeadProvider::kBoringSsl), "BoringSSL");
  EXPECT_STREQ(AeadProviderName(AeadProvider::kIpsecMb), "intel-ipsec-mb");
  EXPECT_STREQ(AeadProviderName(AeadProvider::kInterleaved), "interleaved");
}

// Readable and writable memory whose neighbours on both sides are neither.
class FencedMemory {
 public:
  explicit FencedMemory(size_t pages) : size_(pages * page_) {
    void* const all =
        ::mmap(nullptr, size_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(all, MAP_FAILED);
    all_ = static_cast<uint8_t*>(all);
    EXPECT_EQ(::mprotect(begin(), size_, PROT_READ | PROT_WRITE), 0);
  }
  ~FencedMemory() { ::munmap(all_, size_ + 2 * page_); }
  FencedMemory(const FencedMemory&) = delete;
  FencedMemory& operator=(const FencedMemory&) = delete;

  uint8_t* begin() { return all_ + page_; }
  uint8_t* end() { return begin() + size_; }

 private:
  const size_t page_ = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t size_;
  uint8_t* all_ = nullptr;
};

// The trains of the packet path begin and end where their memory does. A read beyond it is a crash
// here, a write within it but outside of the segment a wrong byte.
struct Fenced {
  const char* name;
  AeadSuite suite;
  std::unique_ptr<AeadRuns> (*make)();
};

constexpr Fenced kFenced[] = {
    {"ChaCha20Poly1305ByIpsecMb", AeadSuite::kChaCha20Poly1305, [] { return MakeIpsecMb().runs; }},
    {"Aes256GcmByIpsecMb", AeadSuite::kAes256Gcm, [] { return MakeIpsecMb().runs; }},
    {"ChaCha20Poly1305Interleaved", AeadSuite::kChaCha20Poly1305,
     [] { return MakeInterleaved(nullptr); }},
};

class FencedAeadTest : public testing::TestWithParam<Fenced> {
 protected:
  static constexpr uint8_t kCanary = 0x5c;

  // Seals and opens `size` bytes at `data` under `counter`, also with a forged tag.
  void SealAndOpen(uint8_t* data, size_t size, uint64_t counter) {
    for (size_t i = 0; i < size; ++i) data[i] = static_cast<uint8_t>(i * 7 + size);
    const SealSegment segment = {data, size};
    runs_->SealRun(key_, {&segment, 1}, counter);
    OpenSegment sealed = {data, size + kTagBytes, counter, false};
    Bytes copy(data, data + sealed.size);
    runs_->OpenRun(key_, {&sealed, 1});
    ASSERT_TRUE(sealed.ok) << size;
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(data[i], static_cast<uint8_t>(i * 7 + size)) << i;
    std::copy(copy.begin(), copy.end(), data);
    data[size] ^= 1;
    runs_->OpenRun(key_, {&sealed, 1});
    ASSERT_FALSE(sealed.ok) << size;
  }

  void SetUp() override {
    runs_ = GetParam().make();
    if (runs_ == nullptr) GTEST_SKIP() << "this machine cannot run it";
  }

  std::unique_ptr<AeadRuns> runs_;
  const AeadKey key_{GetParam().suite, SymmetricKey(CountingArray<32>())};
  FencedMemory memory_{2};
};

INSTANTIATE_TEST_SUITE_P(Providers, FencedAeadTest, testing::ValuesIn(kFenced),
                         [](const auto& fenced) { return fenced.param.name; });

TEST_P(FencedAeadTest, StaysWithinMemoryThatEndsWithTheTag) {
  for (size_t size = 0; size <= 2048; ++size) {
    uint8_t* const data = memory_.end() - size - kTagBytes;
    std::fill(memory_.begin(), data, kCanary);
    SealAndOpen(data, size, size);
    ASSERT_TRUE(std::all_of(memory_.begin(), data, [](uint8_t b) { return b == kCanary; })) << size;
  }
}

TEST_P(FencedAeadTest, StaysWithinMemoryThatBeginsWithTheSegment) {
  for (size_t size = 0; size <= 2048; ++size) {
    uint8_t* const behind = memory_.begin() + size + kTagBytes;
    std::fill(behind, memory_.end(), kCanary);
    SealAndOpen(memory_.begin(), size, size);
    ASSERT_TRUE(std::all_of(behind, memory_.end(), [](uint8_t b) { return b == kCanary; })) << size;
  }
}

// A burst's last jobs may be worked on together.
TEST_P(FencedAeadTest, StaysWithinMemoryThatEndsWithARun) {
  for (size_t size = 0; size <= 100; ++size) {
    const size_t stride = size + kTagBytes;
    std::vector<SealSegment> to_seal;
    std::vector<OpenSegment> to_open;
    constexpr size_t kSegments = 45;
    uint8_t* const begin = memory_.end() - kSegments * stride;
    for (size_t i = 0; i < kSegments; ++i) {
      to_seal.push_back({begin + i * stride, size});
      to_open.push_back({begin + i * stride, stride, 9 + i, false});
    }
    std::fill(memory_.begin(), memory_.end(), kCanary);
    runs_->SealRun(key_, to_seal, 9);
    runs_->OpenRun(key_, to_open);
    for (const OpenSegment& segment : to_open) {
      ASSERT_TRUE(segment.ok) << size;
      ASSERT_TRUE(std::all_of(segment.data, segment.data + size, [](uint8_t b) {
        return b == kCanary;
      })) << size;
    }
    ASSERT_TRUE(std::all_of(memory_.begin(), begin, [](uint8_t b) { return b == kCanary; }));
  }
}

// More than a burst of the library takes.
TEST_P(FencedAeadTest, RunsOfAnyLengthAgreeWithBoringSsl) {
  for (const size_t segments : {65u, 128u, 200u, 300u}) {
    Bytes ours(segments * 40), theirs;
    std::vector<SealSegment> to_seal;
    for (size_t i = 0; i < segments; ++i) to_seal.push_back({&ours[i * 40], i % 25});
    BoringSslRuns().SealRun(key_, to_seal, 77);
    theirs.resize(ours.size());
    for (size_t i = 0; i < segments; ++i) to_seal[i].data = &theirs[i * 40];
    runs_->SealRun(key_, to_seal, 77);
    ASSERT_EQ(ours, theirs) << segments;
    std::vector<OpenSegment> to_open;
    for (size_t i = 0; i < segments; ++i) {
      to_open.push_back({&theirs[i * 40], i % 25 + kTagBytes, 77 + i, false});
    }
    to_open[64].size = kTagBytes - 1;  // an incomplete tag, on the edge of a burst
    runs_->OpenRun(key_, to_open);
    for (size_t i = 0; i < segments; ++i) EXPECT_EQ(to_open[i].ok, i != 64) << i;
  }
}

TEST_P(FencedAeadTest, ProvidersOpenEachOthersMessages) {
  Bytes buffer(300 + kTagBytes);
  const SealSegment to_seal = {buffer.data(), 300};
  OpenSegment to_open = {buffer.data(), buffer.size(), 5, false};
  BoringSslRuns().SealRun(key_, {&to_seal, 1}, 5);
  runs_->OpenRun(key_, {&to_open, 1});
  EXPECT_TRUE(to_open.ok);
  runs_->SealRun(key_, {&to_seal, 1}, 5);
  BoringSslRuns().OpenRun(key_, {&to_open, 1});
  EXPECT_TRUE(to_open.ok);
  EXPECT_TRUE(std::all_of(buffer.begin(), buffer.begin() + 300, [](uint8_t b) { return b == 0; }));
}

}  // namespace
}  // namespace ringwire::crypto
