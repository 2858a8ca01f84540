#include "platform/connect/password_file.h"

#include <string_view>

#include "core/base/status_macros.h"
#include "core/enrol/limits.h"
#include "fmt/format.h"
#include "platform/base/message_of.h"
#include "platform/config/secret_file.h"

namespace ringwire::platform {

absl::StatusOr<enrol::SecretBytes> ReadPasswordFile(const std::string& path) {
  ASSIGN_OR_RETURN(const SecretText file, ReadSecretFile(path));
  std::string_view line = std::string_view(file.text).substr(0, file.text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  enrol::SecretBytes password(line);
  const absl::Status checked = CheckPassword(password);
  if (checked.ok()) return password;
  return absl::InvalidArgumentError(fmt::format("cannot use {}: {}", path, MessageOf(checked)));
}

absl::Status CheckPassword(const enrol::SecretBytes& password) {
  const std::string_view text = password.view();
  if (!text.empty() && text.size() <= enrol::kPasswordBytesMax &&
      text.find('\0') == std::string_view::npos) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("a password must have 1 to {} bytes and no NUL", enrol::kPasswordBytesMax));
}

}  // namespace ringwire::platform
