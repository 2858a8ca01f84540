#ifndef RINGWIRE_CRYPTO_AEAD_IPSEC_MB_H_
#define RINGWIRE_CRYPTO_AEAD_IPSEC_MB_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "crypto/aead.h"

// intel-ipsec-mb, AEADs for x86-64 with vector code for AVX2 and AVX-512. Where ringwire is built
// without it, aead_no_ipsec_mb.cc stands in. Internal to crypto/*.cc and to its tests.
namespace ringwire::crypto {

// A key as the library wants it; empty where the library cannot be used. Zeroed on destruction.
class IpsecMbKey {
 public:
  IpsecMbKey(AeadSuite suite, const SymmetricKey& key);
  ~IpsecMbKey();
  IpsecMbKey(const IpsecMbKey&) = delete;
  IpsecMbKey& operator=(const IpsecMbKey&) = delete;

  const void* data() const { return bytes_.data(); }

 private:
  // AES-256-GCM's round keys and powers of the hash key: 1008 bytes in version 1.3, 1264 in 2.0.
  static constexpr size_t kBytes = 1280;
  alignas(64) std::array<std::byte, kBytes> bytes_{};
};

// What this machine has of the library.
struct IpsecMb {
  // For one thread. Null where the library is not built in or the CPU lacks what is asked of it;
  // `why_not` says which.
  std::unique_ptr<AeadRuns> runs;
  std::string why_not;
  // Which suites it is faster at than BoringSSL (docs/decisions/0001-aead-providers.md).
  std::array<bool, kAeadSuiteCount> is_faster{};
};

// The instructions without which the library is not to be used: for want of them it would run its
// AES emulation, or code that BoringSSL beats.
struct IpsecMbCpu {
  bool avx2 = false;
  bool aes = false;
  bool pclmul = false;
  static IpsecMbCpu OfThisMachine();
};

// Allocates a quarter of a megabyte, once an engine.
IpsecMb MakeIpsecMb();
// The same for a CPU that has no more than this.
IpsecMb MakeIpsecMb(const IpsecMbCpu& cpu);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_IPSEC_MB_H_
