#ifndef RINGWIRE_CORE_WIRE_CONSTANTS_H_
#define RINGWIRE_CORE_WIRE_CONSTANTS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// The protocol's constants under the whitepaper's names (WP §6.1 to §6.5, and what the Linux driver
// adds).
namespace ringwire {

inline constexpr uint64_t kRekeyAfterMessages = uint64_t{1} << 60;
inline constexpr uint64_t kRejectAfterMessages = ~uint64_t{0} - (uint64_t{1} << 13);
inline const absl::Duration kRekeyAfterTime = absl::Seconds(120);
inline const absl::Duration kRejectAfterTime = absl::Seconds(180);
inline const absl::Duration kRekeyTimeout = absl::Seconds(5);
// Retries are spread over this time, so that two peers that collided once do not collide again and
// again.
inline const absl::Duration kRekeyTimeoutJitterMax = absl::Milliseconds(333);
inline const absl::Duration kKeepaliveTimeout = absl::Seconds(10);
inline constexpr int kMaxHandshakeAttempts = 18;  // 90 s
// At this age the initiator renews on receipt: so late that its own sending has normally renewed
// before.
inline const absl::Duration kRekeyOnReceiveAfterTime =
    kRejectAfterTime - kKeepaliveTimeout - kRekeyTimeout;
// All secrets of a peer are zeroed this long after its last session began.
inline const absl::Duration kZeroKeysAfterTime = kRejectAfterTime * 3;
// The minimum time between two accepted initiations of a peer.
inline const absl::Duration kInitiationInterval = absl::Milliseconds(20);
inline const absl::Duration kCookieSecretMaxAge = absl::Seconds(120);
inline const absl::Duration kCookieSecretLatency = absl::Seconds(5);

// The DSCP of handshake messages: AF41, as every implementation marks them.
inline constexpr uint8_t kHandshakeTos = 0x88;

// The replay window in bits; one word of 64 is always in use by the ring, so 8,128 are usable (RFC
// 6479).
inline constexpr size_t kReplayWindowBits = 8192;

inline constexpr size_t kPaddingMultiple = 16;

// Bytes that a tunnel over IPv6 adds to a packet: 40 of IPv6, 8 of UDP, 16 of header, 16 of tag.
// Over IPv4 there are 20 fewer.
inline constexpr uint32_t kTunnelOverhead = 80;
inline constexpr uint32_t kDefaultMtu = 1500 - kTunnelOverhead;  // of a tunnel over Ethernet
inline constexpr uint32_t kLeastMtu = 1280;                      // IPv6 needs it

// The transport extension (docs/transport_extension.md): an initiator that can use AES-256-GCM
// writes this into the low 24 bits of its timestamp's nanoseconds, which rounding leaves empty.
inline constexpr uint32_t kOfferAes256Gcm = 0x525701;
// After so many answers in AES-256-GCM without a session, a responder answers in ChaCha20-Poly1305.
inline constexpr int kUnconfirmedAesResponsesMax = 2;
// Limits of data sealed under one AES-256-GCM send key, in bytes of UDP payload without the first
// 16.
inline constexpr uint64_t kAesRekeyAfterBytes = uint64_t{1} << 38;
inline constexpr uint64_t kAesRejectAfterBytes = uint64_t{1} << 41;

}  // namespace ringwire

#endif  // RINGWIRE_CORE_WIRE_CONSTANTS_H_
