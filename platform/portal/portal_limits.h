#ifndef RINGWIRE_PLATFORM_PORTAL_PORTAL_LIMITS_H_
#define RINGWIRE_PLATFORM_PORTAL_PORTAL_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// Every capacity and deadline of a portal with its reason.
namespace ringwire::platform {

// New connections of one source (an IPv4 address or an IPv6 /64): an office behind one address
// starts its day with some dozens. Full: closed at once.
inline constexpr int kAcceptsPerSecond = 50;
inline constexpr int kAcceptBurst = 200;
// Connections that have not shown who they are, of one source and of all. Full: of one source the
// new one is closed; of all the oldest is closed for it.
inline constexpr size_t kStrangersOfSourceMax = 16;
inline constexpr size_t kStrangersMax = 1024;
// All connections of a portal: each takes a descriptor and some 4 KiB of TLS. Full: as
// kStrangersMax.
inline constexpr size_t kConnectionsMax = 16'384;
// Sources that are remembered. Full: one without a connection is forgotten.
inline constexpr size_t kSourcesMax = 65'536;

// From the connection to the complete handshake; from the first byte of a request to its last.
inline constexpr absl::Duration kHandshakePatience = absl::Seconds(10);
inline constexpr absl::Duration kRequestPatience = absl::Seconds(10);
// Without a request: of a stranger, and of a client that has shown its proof.
inline constexpr absl::Duration kStrangerIdlePatience = absl::Seconds(15);
inline constexpr absl::Duration kIdlePatience = absl::Seconds(60);
// Until the registrar has answered: 64 passwords may wait before this one, at two a time.
inline constexpr absl::Duration kDecisionPatience = absl::Seconds(30);
// Questions that the registrar has not answered: each may outlive its connection. Full: further
// requests are busy, and handshakes end.
inline constexpr size_t kAskedMax = 4096;
// Until the client has taken its answer.
inline constexpr absl::Duration kAnswerPatience = absl::Seconds(30);

// Refused proofs of one connection: the last of them ends it.
inline constexpr int kRefusedProofsMax = 4;

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PORTAL_PORTAL_LIMITS_H_
