#ifndef RINGWIRE_CRYPTO_RANDOM_H_
#define RINGWIRE_CRYPTO_RANDOM_H_

#include <cstdint>
#include <span>

namespace ringwire::crypto {

// Where keys, indices, nonces and jitter come from. An argument everywhere, so that a simulation
// with a seeded implementation repeats exactly.
class Random {
 public:
  virtual ~Random();

  // Fills `out` whole; cannot fail.
  virtual void Fill(std::span<uint8_t> out) = 0;

  // Read as little-endian from Fill, so that one seed means the same numbers on every machine.
  uint32_t Uint32();
  uint64_t Uint64();
};

// The generator of the operating system and the library on top of it. Thread-safe.
class SystemRandom final : public Random {
 public:
  void Fill(std::span<uint8_t> out) override;
};

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_RANDOM_H_
