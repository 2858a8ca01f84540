#include "crypto/aead_ipsec_mb.h"

#include <intel-ipsec-mb.h>

#include <algorithm>
#include <span>

#include "crypto/aead_runs.h"
#include "crypto/require.h"

namespace ringwire::crypto {
namespace {

struct FreeMbMgr {
  void operator()(IMB_MGR* mb_mgr) const { free_mb_mgr(mb_mgr); }
};
using MbMgr = std::unique_ptr<IMB_MGR, FreeMbMgr>;

// Jobs that are submitted together. The library accepts 128; a train has at most 64.
constexpr size_t kBurstMax = 64;

bool Has(const IMB_MGR& mb_mgr, uint64_t features) {
  return (mb_mgr.features & features) == features;
}

// Null with `why_not` if the library must not be used. Checks the CPU first, so that a machine
// without AVX2 or AES never runs the library's code, in particular not its AES emulation.
MbMgr MakeMbMgr(const IpsecMbCpu& cpu, std::string* why_not) {
  if (!cpu.avx2 || !cpu.aes || !cpu.pclmul) {
    *why_not = "the CPU lacks AVX2, AES or PCLMULQDQ instructions";
    return nullptr;
  }
  MbMgr mb_mgr(alloc_mb_mgr(0));
  if (mb_mgr == nullptr) {
    *why_not = "no memory for its state";
    return nullptr;
  }
  if (!Has(*mb_mgr, IMB_CPUFLAGS_AVX2)) {
    *why_not = "it finds no AVX2 on this CPU";
    return nullptr;
  }
  // By name and not by init_mb_mgr_auto: the code for older CPUs is left out of the binary.
  if (Has(*mb_mgr, IMB_CPUFLAGS_AVX512)) {
    init_mb_mgr_avx512(mb_mgr.get());
  } else {
    init_mb_mgr_avx2(mb_mgr.get());
  }
  if (imb_get_errno(mb_mgr.get()) != 0) {
    *why_not = std::string("it refuses to start: ") + imb_get_strerror(imb_get_errno(mb_mgr.get()));
  } else if (Has(*mb_mgr, IMB_FEATURE_SELF_TEST) && !Has(*mb_mgr, IMB_FEATURE_SELF_TEST_PASS)) {
    *why_not = "its own self-test fails";
  } else {
    return mb_mgr;
  }
  return nullptr;
}

// Expands keys, on any thread: uses only its function pointers, and those functions keep no state.
// Null if the library must not be used.
const IMB_MGR* KeyExpander() {
  static const MbMgr expander = [] {
    std::string why_not;
    return MakeMbMgr(IpsecMbCpu::OfThisMachine(), &why_not);
  }();
  return expander.get();
}

// The library's batch of jobs of one suite and direction. All of them are done when Submit returns.
class Burst {
 public:
  explicit Burst(IMB_MGR* mb_mgr) : mb_mgr_(mb_mgr) {}

  // At most kBurstMax jobs, which Fill then describes one by one.
  void Begin(size_t count) {
    count_ = count;
    const auto jobs = static_cast<uint32_t>(count);
    Require(IMB_GET_NEXT_BURST(mb_mgr_, jobs, jobs_.data()) == jobs,
            "intel-ipsec-mb has free jobs");
  }

  // Job `i` works in place on `size` bytes at `data` and writes the tag to `tag`.
  void Fill(size_t i, const AeadKey& key, IMB_CIPHER_DIRECTION direction, uint64_t counter,
            uint8_t* data, size_t size, uint8_t* tag);

  void Submit() {
    const auto jobs = static_cast<uint32_t>(count_);
    Require(IMB_SUBMIT_BURST_NOCHECK(mb_mgr_, jobs, jobs_.data()) == jobs,
            "intel-ipsec-mb completes a burst at once");
    for (size_t i = 0; i < count_; ++i) {
      Require(jobs_[i]->status == IMB_STATUS_COMPLETED, "intel-ipsec-mb completes every job");
    }
  }

 private:
  IMB_MGR* const mb_mgr_;
  size_t count_ = 0;
  std::array<IMB_JOB*, kBurstMax> jobs_;
  std::array<std::array<uint8_t, 12>, kBurstMax> nonces_;
};

void Burst::Fill(size_t i, const AeadKey& key, IMB_CIPHER_DIRECTION direction, uint64_t counter,
                 uint8_t* data, size_t size, uint8_t* tag) {
  StoreTransportNonce(counter, nonces_[i]);
  IMB_JOB& job = *jobs_[i];
  job.enc_keys = key.schedules().ipsec_mb.data();
  job.dec_keys = job.enc_keys;
  job.key_len_in_bytes = 32;
  job.src = data;
  job.dst = data;
  job.cipher_start_src_offset_in_bytes = 0;
  job.msg_len_to_cipher_in_bytes = size;
  job.hash_start_src_offset_in_bytes = 0;
  job.msg_len_to_hash_in_bytes = size;
  job.iv = nonces_[i].data();
  job.iv_len_in_bytes = nonces_[i].size();
  job.auth_tag_output = tag;
  job.auth_tag_output_len_in_bytes = kTagBytes;
  job.cipher_direction = direction;
  job.chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
  switch (key.suite()) {
    case AeadSuite::kChaCha20Poly1305:
      job.cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
      job.hash_alg = IMB_AUTH_CHACHA20_POLY1305;
      job.u.CHACHA20_POLY1305 = {};
      break;
    case AeadSuite::kAes256Gcm:
      job.cipher_mode = IMB_CIPHER_GCM;
      job.hash_alg = IMB_AUTH_AES_GMAC;
      job.u.GCM = {};
      break;
  }
#if IMB_VERSION_NUM >= IMB_VERSION(1, 4, 0)
  imb_set_session(mb_mgr_, &job);
#endif
}

class IpsecMbRuns : public AeadRuns {
 public:
  explicit IpsecMbRuns(MbMgr mb_mgr) : mb_mgr_(std::move(mb_mgr)), burst_(mb_mgr_.get()) {}

  void SealRun(const AeadKey& key, std::span<const SealSegment> segments,
               uint64_t counter0) override {
    uint64_t counter = counter0;
    while (!segments.empty()) {
      const auto batch = segments.first(std::min(segments.size(), kBurstMax));
      segments = segments.subspan(batch.size());
      burst_.Begin(batch.size());
      for (size_t i = 0; i < batch.size(); ++i) {
        const auto [data, size] = batch[i];
        burst_.Fill(i, key, IMB_DIR_ENCRYPT, counter, data, size, data + size);
        ++counter;
      }
      burst_.Submit();
    }
  }

  void OpenRun(const AeadKey& key, std::span<OpenSegment> segments) override {
    while (!segments.empty()) {
      const auto batch = segments.first(std::min(segments.size(), kBurstMax));
      segments = segments.subspan(batch.size());
      OpenBatch(key, batch);
    }
  }

 private:
  void OpenBatch(const AeadKey& key, std::span<OpenSegment> batch) {
    const auto complete = [](const OpenSegment& segment) { return segment.size >= kTagBytes; };
    const auto count = static_cast<size_t>(std::count_if(batch.begin(), batch.end(), complete));
    if (count > 0) {
      burst_.Begin(count);
      size_t job = 0;
      for (OpenSegment& segment : batch) {
        if (!complete(segment)) continue;
        burst_.Fill(job, key, IMB_DIR_DECRYPT, segment.counter, segment.data,
                    segment.size - kTagBytes, tags_[job].data());
        ++job;
      }
      burst_.Submit();
    }
    size_t job = 0;
    for (OpenSegment& segment : batch) {
      segment.ok = complete(segment) && TagMatches(segment, tags_[job++]);
    }
  }

  // The library decrypts before it checks the tag: wipe the plaintext of a wrong tag before anybody
  // can read it.
  static bool TagMatches(const OpenSegment& segment, std::span<const uint8_t, kTagBytes> tag) {
    const size_t size = segment.size - kTagBytes;
    if (ConstantTimeEqual(tag, {segment.data + size, kTagBytes})) return true;
    Cleanse(segment.data, size);
    return false;
  }

  const MbMgr mb_mgr_;
  Burst burst_;
  std::array<std::array<uint8_t, kTagBytes>, kBurstMax> tags_;
};

}  // namespace

IpsecMbKey::IpsecMbKey(AeadSuite suite, const SymmetricKey& key) {
  const IMB_MGR* const expander = KeyExpander();
  if (expander == nullptr) return;
  const std::span<const uint8_t> bytes = key.bytes();
  switch (suite) {
    case AeadSuite::kChaCha20Poly1305:
      std::copy(bytes.begin(), bytes.end(), reinterpret_cast<uint8_t*>(bytes_.data()));
      break;
    case AeadSuite::kAes256Gcm:
      static_assert(sizeof(gcm_key_data) <= kBytes && alignof(gcm_key_data) <= 64);
      IMB_AES256_GCM_PRE(expander, bytes.data(), reinterpret_cast<gcm_key_data*>(bytes_.data()));
      break;
  }
}

IpsecMbKey::~IpsecMbKey() { Cleanse(bytes_.data(), bytes_.size()); }

IpsecMbCpu IpsecMbCpu::OfThisMachine() {
  return {__builtin_cpu_supports("avx2") != 0, __builtin_cpu_supports("aes") != 0,
          __builtin_cpu_supports("pclmul") != 0};
}

IpsecMb MakeIpsecMb() { return MakeIpsecMb(IpsecMbCpu::OfThisMachine()); }

IpsecMb MakeIpsecMb(const IpsecMbCpu& cpu) {
  IpsecMb made;
  MbMgr mb_mgr = MakeMbMgr(cpu, &made.why_not);
  if (mb_mgr == nullptr) return made;
  // Its AVX2 code beats BoringSSL's at AES-256-GCM only; with AVX-512 and IFMA it does at both.
  made.is_faster[static_cast<size_t>(AeadSuite::kChaCha20Poly1305)] =
      Has(*mb_mgr, IMB_CPUFLAGS_AVX512_T2);
  made.is_faster[static_cast<size_t>(AeadSuite::kAes256Gcm)] = true;
  made.runs = std::make_unique<IpsecMbRuns>(std::move(mb_mgr));
  return made;
}

}  // namespace ringwire::crypto
