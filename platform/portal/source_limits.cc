#include "platform/portal/source_limits.h"

#include <algorithm>
#include <array>
#include <span>

#include "platform/portal/portal_limits.h"

namespace ringwire::platform {

IpAddress Unmapped(const IpAddress& client) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const std::span<const uint8_t, 16> bytes(client.bytes);
  const bool is_mapped =
      client.family == IpFamily::kV6 && std::ranges::equal(bytes.first<12>(), kMapped);
  return is_mapped ? IpAddress::V4(bytes.last<4>()) : client;
}

IpAddress SourceOf(const IpAddress& client) {
  return client.family == IpFamily::kV6 ? Prefix::Of(client, 64).address : client;
}

bool SourceLimits::Admit(const IpAddress& source, Instant now) {
  if (sources_.size() >= kSourcesMax && !sources_.contains(source)) Forget();
  const auto [found, is_new] = sources_.try_emplace(source);
  Source& entry = found->second;
  const double earned =
      is_new ? kAcceptBurst : absl::ToDoubleSeconds(now - entry.filled) * kAcceptsPerSecond;
  entry.tokens = std::min<double>(kAcceptBurst, entry.tokens + earned);
  entry.filled = now;
  if (entry.tokens < 1 || entry.strangers >= kStrangersOfSourceMax) return false;
  entry.tokens -= 1;
  ++entry.strangers;
  return true;
}

void SourceLimits::Leave(const IpAddress& source) {
  const auto found = sources_.find(source);
  if (found != sources_.end() && found->second.strangers > 0) --found->second.strangers;
}

// Those with connections stay: there are fewer of them than entries.
void SourceLimits::Forget() {
  std::erase_if(sources_, [](const auto& entry) { return entry.second.strangers == 0; });
}

}  // namespace ringwire::platform
