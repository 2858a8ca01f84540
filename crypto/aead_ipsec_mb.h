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

// A key in the library's form; empty if the library cannot be used. Zeroed on destruction.
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

// The parts of the library that this machine can use.
struct IpsecMb {
  // For one thread. Null if the library is not built in or the CPU lacks instructions; `why_not`
  // says which.
  std::unique_ptr<AeadRuns> runs;
  std::string why_not;
  // The suites at which it is faster than BoringSSL (docs/decisions/0001-aead-providers.md).
  std::array<bool, kAeadSuiteCount> is_faster{};
};

// The instructions that the library needs: without them it would run its AES emulation, or code
// slower than BoringSSL's.
struct IpsecMbCpu {
  bool avx2 = false;
  bool aes = false;
  bool pclmul = false;
  static IpsecMbCpu OfThisMachine();
};

// Allocates 256 KiB, once per engine.
IpsecMb MakeIpsecMb();
// The same, as if the CPU had only these instructions.
IpsecMb MakeIpsecMb(const IpsecMbCpu& cpu);

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_AEAD_IPSEC_MB_H_
