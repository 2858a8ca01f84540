#ifndef RINGWIRE_PLATFORM_APP_QR_CODE_H_
#define RINGWIRE_PLATFORM_APP_QR_CODE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ringwire::platform {

// Whether QrCode can work: libqrencode is loaded when it is first needed, as no other command needs
// it. The error names the package.
absl::Status CheckQrCode();

// `text` as a QR code for a terminal, in UTF-8. It contains what `text` does; the caller zeroes it.
absl::StatusOr<std::string> QrCode(std::string_view text);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_QR_CODE_H_
