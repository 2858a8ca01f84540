#include "core/control/warm_restart.h"

#include <algorithm>

#include "core/wire/constants.h"

namespace ringwire {
namespace {

bool IsRecent(Instant now, Instant heard) { return now < heard + kRejectAfterTime; }

}  // namespace

void WarmRestart::Restore(Instant now, absl::Time wall_now,
                          std::span<const LiveEndpoint> endpoints) {
  for (const LiveEndpoint& live : endpoints) {
    const absl::Duration age = wall_now - live.heard;
    // A time in the future: the clock was set back, so the age is unknown.
    if (age < absl::ZeroDuration() || age >= kRejectAfterTime) continue;
    live_.insert_or_assign(Key(live.local_public_key, live.peer_public_key),
                           Live{live.endpoint, now - age});
  }
  if (!live_.empty()) drop_at_ = now + kRejectAfterTime;
}

std::optional<SocketAddress> WarmRestart::Add(Instant now, const crypto::PublicKey& local,
                                              const crypto::PublicKey& key, PeerId peer) {
  if (live_.empty()) return std::nullopt;
  const auto found = live_.find(Key(local, key));
  if (found == live_.end()) return std::nullopt;
  const Live live = found->second;
  live_.erase(found);
  if (live_.empty()) Clear();
  if (!IsRecent(now, live.heard)) return std::nullopt;
  added_.emplace_back(live.heard, peer);
  return live.endpoint;
}

void WarmRestart::DropOld(Instant now) {
  if (now >= drop_at_) Clear();
}

void WarmRestart::Clear() {
  live_ = decltype(live_)();  // with its memory
  drop_at_ = Instant::InfiniteFuture();
}

std::vector<PeerId> WarmRestart::TakeDue(Instant now) {
  std::ranges::sort(added_, [](const auto& a, const auto& b) {
    return std::pair(b.first, a.second.index) < std::pair(a.first, b.second.index);
  });
  std::vector<PeerId> due;
  for (const auto& [heard, peer] : added_) {
    if (IsRecent(now, heard)) due.push_back(peer);
  }
  added_ = decltype(added_)();
  return due;
}

}  // namespace ringwire
