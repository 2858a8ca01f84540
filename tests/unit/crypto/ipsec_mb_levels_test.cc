// intel-ipsec-mb has code of its own for each level of CPU, and parts of it are left out of the
// binary (docs/decisions/0004-few-shared-libraries.md). This machine runs one level; the others are
// forced here, so that none calls a part that is left out.
#include <intel-ipsec-mb.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "crypto/aead_ipsec_mb.h"
#include "crypto/aead_runs.h"
#include "gtest/gtest.h"

namespace ringwire::crypto {
namespace {

struct Level {
  const char* name;
  uint64_t needs;  // of the CPU
  uint64_t flags;  // what the library is to do without
  void (*init)(IMB_MGR*);
};

constexpr uint64_t kWithoutShaAndGfni = IMB_FLAG_SHANI_OFF | IMB_FLAG_GFNI_OFF;
constexpr Level kLevels[] = {
    {"Avx2", IMB_CPUFLAGS_AVX2, kWithoutShaAndGfni, init_mb_mgr_avx2},
    {"Avx2Vaes", IMB_CPUFLAGS_AVX2_T2, 0, init_mb_mgr_avx2},
    {"Avx512", IMB_CPUFLAGS_AVX512, kWithoutShaAndGfni, init_mb_mgr_avx512},
    {"Avx512Vaes", IMB_CPUFLAGS_AVX512_T2, 0, init_mb_mgr_avx512},
};

constexpr size_t kJobs = 64;
using Tags = std::array<std::array<uint8_t, 16>, kJobs>;

struct FreeMbMgr {
  void operator()(IMB_MGR* mb_mgr) const { free_mb_mgr(mb_mgr); }
};
using MbMgr = std::unique_ptr<IMB_MGR, FreeMbMgr>;

// Seals kJobs packets of growing size in one burst.
Tags Seal(IMB_MGR* mb_mgr, AeadSuite suite) {
  const std::array<uint8_t, 32> key = {1};
  const std::array<uint8_t, 12> nonce = {2};
  gcm_key_data gcm_key;
  IMB_AES256_GCM_PRE(mb_mgr, key.data(), &gcm_key);
  std::vector<std::array<uint8_t, 1500>> packets(kJobs);
  Tags tags = {};
  std::array<IMB_JOB*, kJobs> jobs;
  EXPECT_EQ(IMB_GET_NEXT_BURST(mb_mgr, kJobs, jobs.data()), kJobs);
  for (size_t i = 0; i < kJobs; ++i) {
    IMB_JOB& job = *jobs[i];
    const bool is_gcm = suite == AeadSuite::kAes256Gcm;
    job.enc_keys = is_gcm ? static_cast<const void*>(&gcm_key) : key.data();
    job.dec_keys = job.enc_keys;
    job.key_len_in_bytes = key.size();
    job.src = job.dst = packets[i].data();
    job.cipher_start_src_offset_in_bytes = job.hash_start_src_offset_in_bytes = 0;
    job.msg_len_to_cipher_in_bytes = job.msg_len_to_hash_in_bytes = i * 23;
    job.iv = nonce.data();
    job.iv_len_in_bytes = nonce.size();
    job.auth_tag_output = tags[i].data();
    job.auth_tag_output_len_in_bytes = tags[i].size();
    job.cipher_direction = IMB_DIR_ENCRYPT;
    job.chain_order = IMB_ORDER_CIPHER_HASH;
    job.cipher_mode = is_gcm ? IMB_CIPHER_GCM : IMB_CIPHER_CHACHA20_POLY1305;
    job.hash_alg = is_gcm ? IMB_AUTH_AES_GMAC : IMB_AUTH_CHACHA20_POLY1305;
    job.u = {};
#if IMB_VERSION_NUM >= IMB_VERSION(1, 4, 0)
    imb_set_session(mb_mgr, &job);
#endif
  }
  EXPECT_EQ(IMB_SUBMIT_BURST_NOCHECK(mb_mgr, kJobs, jobs.data()), kJobs);
  return tags;
}

class IpsecMbLevelTest : public testing::TestWithParam<Level> {};

INSTANTIATE_TEST_SUITE_P(Levels, IpsecMbLevelTest, testing::ValuesIn(kLevels),
                         [](const auto& level) { return level.param.name; });

TEST_P(IpsecMbLevelTest, NeedsNothingThatIsLeftOut) {
  if (MakeIpsecMb().runs == nullptr) GTEST_SKIP() << MakeIpsecMb().why_not;
  const MbMgr own(alloc_mb_mgr(0));
  ASSERT_NE(own, nullptr);
  const Level& level = GetParam();
  if ((own->features & level.needs) != level.needs) GTEST_SKIP() << "needs another CPU";
  init_mb_mgr_avx2(own.get());
  const MbMgr forced(alloc_mb_mgr(level.flags));
  level.init(forced.get());  // runs the library's self-test
  ASSERT_EQ(imb_get_errno(forced.get()), 0);
  for (const AeadSuite suite : {AeadSuite::kChaCha20Poly1305, AeadSuite::kAes256Gcm}) {
    EXPECT_EQ(Seal(forced.get(), suite), Seal(own.get(), suite));
  }
}

}  // namespace
}  // namespace ringwire::crypto
