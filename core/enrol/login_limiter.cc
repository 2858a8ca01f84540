#include "core/enrol/login_limiter.h"

#include <algorithm>

#include "core/enrol/limits.h"

namespace ringwire::enrol {
namespace {

constexpr int64_t kRefillSeconds = 60 / kSourceTriesPerMinute;
constexpr int64_t kBurstSeconds = kSourceTriesBurst * kRefillSeconds;

}  // namespace

LoginLimiter::LoginLimiter()
    : sources_(kLimiterEntriesMax), names_(kLimiterEntriesMax), known_(kLimiterEntriesMax) {}

LoginLimiter::Source LoginLimiter::SourceOf(const IpAddress& address) {
  Source source{static_cast<uint8_t>(address.family), address.bytes};
  if (address.family == IpFamily::kV6) std::fill(source.second.begin() + 8, source.second.end(), 0);
  return source;
}

bool LoginLimiter::IsKnown(const Source& source, std::string_view user, int64_t now) {
  const int64_t* const last = known_.Find({std::string(user), source});
  return last != nullptr && now - *last < kKnownSourceSeconds;
}

uint32_t LoginLimiter::Admit(const IpAddress& from, std::string_view user, int64_t now) {
  const Source source = SourceOf(from);
  SourceTries& tries = sources_.Use(source);
  const int64_t free_at = std::max(tries.free_at, now) + kRefillSeconds;
  if (free_at - now > kBurstSeconds) return static_cast<uint32_t>(free_at - now - kBurstSeconds);

  NameTries& name = names_.Use(std::string(user));
  if (now - name.since >= kNameWindowSeconds) name = {.since = now};
  uint32_t& count = IsKnown(source, user, now) ? name.from_known : name.from_unknown;
  if (count >= kNameTriesMax) {
    return static_cast<uint32_t>(name.since + kNameWindowSeconds - now);
  }
  ++count;
  tries.free_at = free_at;
  return 0;
}

void LoginLimiter::Succeed(const IpAddress& from, std::string_view user, int64_t now) {
  const Source source = SourceOf(from);
  if (SourceTries* const tries = sources_.Find(source)) {
    tries->free_at -= kRefillSeconds;
  }
  if (NameTries* const name = names_.Find(std::string(user))) {
    uint32_t& count = IsKnown(source, user, now) ? name->from_known : name->from_unknown;
    if (count > 0) --count;
  }
  known_.Use({std::string(user), source}) = now;
}

}  // namespace ringwire::enrol
