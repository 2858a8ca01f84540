#ifndef RINGWIRE_CRYPTO_SECRET_H_
#define RINGWIRE_CRYPTO_SECRET_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ringwire::crypto {

// A Curve25519 public key. Not secret: it may be printed, compared and used as a map key.
using PublicKey = std::array<uint8_t, 32>;

// Overwrites `size` bytes with zeros. Defined out of line over a primitive with a compiler barrier,
// so that it survives optimisation even where the memory is never read again.
void Cleanse(void* data, size_t size);

// Compares in a time that depends on the sizes only. Different sizes are unequal.
[[nodiscard]] bool ConstantTimeEqual(std::span<const uint8_t> a, std::span<const uint8_t> b);

// N bytes that must not outlive their use: zero at first, zeroed again on destruction and when
// moved from. On purpose nothing prints it or turns it into a string. Thread-compatible.
template <size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const uint8_t, N> source) {
    std::copy(source.begin(), source.end(), bytes_.begin());
  }
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.Zero(); }
  ~Secret() { Zero(); }

  Secret& operator=(const Secret& other) = default;
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = other.bytes_;
    other.Zero();
    return *this;
  }

  std::span<uint8_t, N> bytes() { return bytes_; }
  std::span<const uint8_t, N> bytes() const { return bytes_; }

  // Constant time.
  [[nodiscard]] bool IsZero() const {
    static constexpr std::array<uint8_t, N> kZeros{};
    return ConstantTimeEqual(bytes_, kZeros);
  }

  // Constant time.
  friend bool operator==(const Secret& a, const Secret& b) {
    return ConstantTimeEqual(a.bytes_, b.bytes_);
  }

  void Zero() { Cleanse(bytes_.data(), N); }

 private:
  std::array<uint8_t, N> bytes_{};
};

using PrivateKey = Secret<32>;
using PresharedKey = Secret<32>;
using SymmetricKey = Secret<32>;

}  // namespace ringwire::crypto

#endif  // RINGWIRE_CRYPTO_SECRET_H_
