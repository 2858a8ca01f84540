#include "core/control/clock_notices.h"

#include <string>

#include "core/device/key_text.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

std::string Date(absl::Time time) {
  if (time == absl::InfinitePast()) return "no sensible date";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

}  // namespace

Notice PeerClockBehind(const crypto::PublicKey& peer, const Tai64n& shown, const Tai64n& greatest) {
  return {Notice::Level::kWarning,
          fmt::format("{}: handshake refused: it is dated {}, but one dated {} was seen before. If "
                      "the peer's clock was set back, set it right, or run `ringwire forget` for "
                      "this peer here. (Otherwise somebody replays an old handshake.)",
                      PeerLabel(peer), Date(shown.ToTime()), Date(greatest.ToTime()))};
}

Notice OwnClockBehind(const crypto::PublicKey& peer, absl::Time wall_now, absl::Time last_sent) {
  return {Notice::Level::kWarning,
          fmt::format("{}: the clock of this host says {}, but a handshake dated {} was sent "
                      "before. Set the clock right: after a restart the peers would refuse this "
                      "host until that date, or until they run `ringwire forget` for it.",
                      PeerLabel(peer), Date(wall_now), Date(last_sent))};
}

}  // namespace ringwire
