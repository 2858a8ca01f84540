#ifndef RINGWIRE_CORE_CONTROL_CLOCK_NOTICES_H_
#define RINGWIRE_CORE_CONTROL_CLOCK_NOTICES_H_

#include "absl/time/time.h"
#include "core/control/control_plane.h"
#include "core/noise/tai64n.h"
#include "crypto/secret.h"

// A wall clock that was set back locks its host out: its initiations are older than the greatest
// timestamp that the peer keeps (rule 19). Nothing on the wire shows it, so these notices do.
namespace ringwire {

// Duplicated and reordered datagrams and clock adjustments cause smaller gaps.
inline constexpr absl::Duration kClockTolerance = absl::Seconds(5);

// As responder: a genuine initiation was refused because of its date.
Notice PeerClockBehind(const crypto::PublicKey& peer, const Tai64n& shown, const Tai64n& greatest);
// As initiator: our own clock is behind what this peer has already seen of us.
Notice OwnClockBehind(const crypto::PublicKey& peer, absl::Time wall_now, absl::Time last_sent);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONTROL_CLOCK_NOTICES_H_
