#ifndef RINGWIRE_CRYPTO_RANDOM_H_
#define RINGWIRE_CRYPTO_RANDOM_H_

#include <cstdint>
#include <span>

namespace ringwire::crypto {

// The source of keys, indices, nonces and jitter. Always an argument, so that a simulation with a
// seeded source repeats exactly.
class Random {
 public:
  virtual ~Random();

  // Fills `out` whole; cannot fail.
  virtual void Fill(std::span<uint8_t> out) = 0;

  // Reads Fill as little-endian, so that a seed gives the same numbers on every machine.
  uint32_t Uint32();
  uint64_t Uint64();
};

// The operating system's generator, through BoringSSL's. Thread-safe.
class SystemRandom final : public Random {
 public:
  void Fill(std::span<uint8_t> out) override;
};

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_RANDOM_H_
