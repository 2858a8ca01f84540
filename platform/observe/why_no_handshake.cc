#include "platform/observe/why_no_handshake.h"

#include <algorithm>

#include "absl/time/time.h"
#include "core/device/key_text.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

// A handshake that is under way is no trouble yet: a retry comes after 5 s.
constexpr absl::Duration kPatience = absl::Seconds(6);
// How long a stray initiation explains something: longer than all the attempts of a handshake.
constexpr absl::Duration kStrayAgeMax = absl::Minutes(3);
// A lost response is repeated, so the peer answers the second one at the latest.
constexpr uint32_t kResponsesUntilTrouble = 2;

std::string Plural(uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string Seconds(absl::Duration duration) {
  return fmt::format("{} s", std::max<int64_t>(0, absl::ToInt64Seconds(duration)));
}

bool IsRecent(const StrayInitiations& strays) {
  return strays.count > 0 && strays.age <= kStrayAgeMax;
}

// Whether the stray may be the peer's: it comes from the peer's address, or the peer may be
// anywhere.
bool MayBeOf(const PeerStatus& peer, const StrayInitiations& strays) {
  if (!IsRecent(strays)) return false;
  return !peer.endpoint.has_value() || peer.endpoint->address == strays.last_from.address;
}

std::string Arrive(std::string_view what, const StrayInitiations& strays) {
  return fmt::format("initiations with {} arrive from {} ({}, the last one {} ago)", what,
                     strays.last_from.ToString(), strays.count, Seconds(strays.age));
}

// What came from the peer instead of a handshake; empty: nothing did.
std::string WhatCame(const DeviceStatus& device, const PeerStatus& peer) {
  if (peer.attempts.misfits > 0) {
    return fmt::format("{} with another preshared key arrived",
                       Plural(peer.attempts.misfits, "response"));
  }
  if (peer.attempts.responses >= kResponsesUntilTrouble) {
    return fmt::format(
        "initiations arrive, but the peer uses none of our {}: it has another preshared key, or "
        "they do not reach it",
        Plural(peer.attempts.responses, "response"));
  }
  // The last one counts: what was wrong before may have been mended.
  const bool other = MayBeOf(peer, device.other_server_key);
  const bool unknown = MayBeOf(peer, device.unknown_key);
  if (other && (!unknown || device.other_server_key.age < device.unknown_key.age)) {
    return Arrive("another server key", device.other_server_key);
  }
  if (unknown) {
    return Arrive(fmt::format("an unknown key, {},", KeyToBase64(device.last_unknown_key)),
                  device.unknown_key);
  }
  return {};
}

std::string NotBegun(const PeerStatus& peer) {
  if (!peer.endpoint.has_value()) {
    return "it has no endpoint here and must begin; no initiation with its key has arrived";
  }
  return "nothing was sent to it yet; a packet to it, or PersistentKeepalive, starts a handshake";
}

}  // namespace

std::string WhyNoHandshake(const StatusReport& report, const PeerStatus& peer) {
  if (!report.has_private_key) return "this interface has no private key";
  if (!report.link_up) {
    return fmt::format("the link is down (`ip link set {} up`)", report.interface_name);
  }
  const HandshakeAttempts& attempts = peer.attempts;
  const bool waits_long = attempts.initiations > 0 && attempts.duration >= kPatience;
  const bool in_trouble =
      waits_long || attempts.misfits > 0 || attempts.responses >= kResponsesUntilTrouble;
  if (!in_trouble && (peer.last_handshake.has_value() || !peer.transport_suite.empty())) return {};
  if (!peer.endpoint.has_value() && !peer.endpoint_name.empty()) {
    return fmt::format("the name of its endpoint, {}, is not resolved yet", peer.endpoint_name);
  }
  const std::string came = WhatCame(report.device, peer);
  if (attempts.initiations == 0 || !peer.endpoint.has_value()) {
    return came.empty() ? NotBegun(peer) : came;
  }
  return fmt::format("no answer from {} for {}, {}; {}", peer.endpoint->ToString(),
                     Seconds(attempts.duration), Plural(attempts.initiations, "initiation"),
                     came.empty() ? "nothing came from there" : came);
}

}  // namespace ringwire::platform
