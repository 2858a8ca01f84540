#ifndef RINGWIRE_PLATFORM_TLS_SESSION_KEYS_H_
#define RINGWIRE_PLATFORM_TLS_SESSION_KEYS_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "crypto/secret.h"
#include "platform/tls/tls_session.h"

namespace ringwire::platform {

// Both ends of a session compute the same values from it. Where a third party ends TLS on the way,
// there are two sessions, and the values differ.

// RFC 9266, tls-exporter. Not secret, but unique to the session.
using ChannelBinding = std::array<uint8_t, 32>;
absl::StatusOr<ChannelBinding> ChannelBindingOf(const TlsSession& session);

// The preshared key of the WireGuard session between these two.
absl::StatusOr<crypto::PresharedKey> PresharedKeyOf(const TlsSession& session,
                                                    const crypto::PublicKey& client,
                                                    const crypto::PublicKey& gateway);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_SESSION_KEYS_H_
