#ifndef RINGWIRE_PLATFORM_CONFIG_SECRET_FILE_H_
#define RINGWIRE_PLATFORM_CONFIG_SECRET_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret.h"

// Files that may hold keys.
namespace ringwire::platform {

// A file's text, zeroed when it goes.
struct SecretText {
  std::string text;
  bool world_readable = false;

  SecretText() = default;
  SecretText(SecretText&&) = default;
  SecretText& operator=(SecretText&&) = default;
  ~SecretText() { crypto::Cleanse(text.data(), text.size()); }
};

absl::StatusOr<SecretText> ReadSecretFile(const std::string& path);

// Puts `text` in the place of the file that is there, or leaves it as it is: through PATH.new,
// which is on disk before it takes the name. A file that is a mount of its own is overwritten while
// PATH.new holds a copy. The owner stays; of the mode what lets nobody else read it. `path` is no
// symbolic link, or that is replaced.
absl::Status ReplaceSecretFile(const std::string& path, std::string_view text);

// Makes a file that only its owner can read, on disk when this returns OK. AlreadyExists: something
// has that name, also a symbolic link; it stays as it is. After another error there is no file.
absl::Status MakeSecretFile(const std::string& path, std::string_view text);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONFIG_SECRET_FILE_H_
