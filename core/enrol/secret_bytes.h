#ifndef RINGWIRE_CORE_ENROL_SECRET_BYTES_H_
#define RINGWIRE_CORE_ENROL_SECRET_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "crypto/secret.h"

namespace ringwire::enrol {

// Bytes of any number that must not outlive their use, such as a password or a message that holds
// one. They keep their size, so that no buffer is left behind; zeroed on destruction and when moved
// from. Thread-compatible.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(size_t size) : bytes_(std::make_unique<char[]>(size)), size_(size) {}
  explicit SecretBytes(std::string_view source) : SecretBytes(source.size()) {
    std::copy(source.begin(), source.end(), bytes_.get());
  }
  SecretBytes(const SecretBytes& other) : SecretBytes(other.view()) {}
  SecretBytes(SecretBytes&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  ~SecretBytes() { Zero(); }

  SecretBytes& operator=(SecretBytes other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }

  std::string_view view() const { return {bytes_.get(), size_}; }
  std::span<char> span() { return {bytes_.get(), size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void Zero() { crypto::Cleanse(bytes_.get(), size_); }

  // Constant time for equal sizes.
  friend bool operator==(const SecretBytes& a, const SecretBytes& b) {
    const auto bytes = [](const SecretBytes& of) {
      return std::span(reinterpret_cast<const uint8_t*>(of.bytes_.get()), of.size_);
    };
    return crypto::ConstantTimeEqual(bytes(a), bytes(b));
  }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_SECRET_BYTES_H_
