#ifndef RINGWIRE_PLATFORM_REGISTRAR_CREDENTIAL_H_
#define RINGWIRE_PLATFORM_REGISTRAR_CREDENTIAL_H_

#include <cstdint>
#include <span>

#include "core/enrol/lease_book.h"
#include "core/enrol/message_files.h"
#include "crypto/blake2s.h"

namespace ringwire::platform {

// Another one as soon as the user has another password.
inline enrol::CredentialHash CredentialOf(const enrol::User& user) {
  return crypto::Blake2s(
      std::span(reinterpret_cast<const uint8_t*>(user.hash.data()), user.hash.size()));
}

inline enrol::TokenHash HashOf(const enrol::LeaseToken& token) {
  return crypto::Blake2s(token.bytes());
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_REGISTRAR_CREDENTIAL_H_
