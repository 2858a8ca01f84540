#ifndef RINGWIRE_PLATFORM_REGISTRAR_SIGNING_KEYS_H_
#define RINGWIRE_PLATFORM_REGISTRAR_SIGNING_KEYS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/enrol/message_files.h"
#include "core/enrol/messages.h"
#include "platform/tls/signing_key.h"

namespace ringwire::platform {

// The TLS private keys that portals may have used, by the number of their certificate.
// Thread-compatible.
class SigningKeys {
 public:
  // On an error the keys from before stay.
  absl::Status Replace(const enrol::KeyTable& table);
  // Empty bytes: there is no such key, or the input is not what a server signs in a handshake.
  enrol::Signature Answer(const enrol::Sign& request) const;

 private:
  std::vector<std::pair<uint32_t, SigningKey>> keys_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_REGISTRAR_SIGNING_KEYS_H_
