#include "platform/registrar/password_hash.h"

#include <crypt.h>

#include <array>
#include <cerrno>
#include <memory>
#include <span>

#include "core/enrol/secret_bytes.h"
#include "core/enrol/users_file.h"
#include "crypto/secret.h"

namespace ringwire::platform {
namespace {

constexpr size_t kBcryptPasswordMax = 72;

// 32 KiB that hold the password on the way.
struct CleanCryptData {
  void operator()(crypt_data* data) const {
    crypto::Cleanse(data, sizeof(*data));
    delete data;
  }
};
using CryptData = std::unique_ptr<crypt_data, CleanCryptData>;

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Null: crypt(5) does not take the setting.
const char* Crypt(std::string_view password, const std::string& setting, crypt_data* data) {
  // With its NUL, and zeroed afterwards.
  enrol::SecretBytes text(password.size() + 1);
  password.copy(text.span().data(), password.size());
  return ::crypt_rn(text.view().data(), setting.c_str(), data, static_cast<int>(sizeof(*data)));
}

}  // namespace

bool MatchesHash(std::string_view password, const std::string& hash) {
  if (!enrol::HasPassword(hash) || password.find('\0') != std::string_view::npos) return false;
  const bool is_bcrypt = hash.starts_with("$2");
  if (is_bcrypt && password.size() > kBcryptPasswordMax) return false;
  const CryptData data(new crypt_data());
  const char* const computed = Crypt(password, hash, data.get());
  return computed != nullptr && crypto::ConstantTimeEqual(AsBytes(computed), AsBytes(hash));
}

absl::StatusOr<std::string> HashPassword(std::string_view password) {
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  if (::crypt_gensalt_rn("$y$", 0, nullptr, 0, setting.data(), static_cast<int>(setting.size())) ==
      nullptr) {
    return absl::ErrnoToStatus(errno, "cannot make a salt for a password");
  }
  const CryptData data(new crypt_data());
  const char* const hash = Crypt(password, setting.data(), data.get());
  if (hash == nullptr) return absl::ErrnoToStatus(errno, "cannot hash a password");
  return std::string(hash);
}

}  // namespace ringwire::platform
