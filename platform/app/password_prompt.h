#ifndef RINGWIRE_PLATFORM_APP_PASSWORD_PROMPT_H_
#define RINGWIRE_PLATFORM_APP_PASSWORD_PROMPT_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/enrol/secret_bytes.h"

namespace ringwire::platform {

// A password of 1 to enrol::kPasswordBytesMax bytes without NUL: the first line of `file`, or of
// standard input if that is "-". Without a file, asks for it on the terminal, without echo; `twice`
// asks again and compares. A signal that ends the program restores the terminal first. Blocks.
absl::StatusOr<enrol::SecretBytes> AskForPassword(const std::string& file, bool twice);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_PASSWORD_PROMPT_H_
