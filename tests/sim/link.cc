#include "tests/sim/link.h"

#include <algorithm>

namespace ringwire {

LinkConditions LinkConditions::Healthy(SeededRandom& random) {
  LinkConditions conditions;
  conditions.delay = absl::Milliseconds(1 + random.Below(100));
  return conditions;
}

LinkConditions LinkConditions::Random(SeededRandom& random) {
  LinkConditions conditions = Healthy(random);
  if (random.Below(2) == 0) conditions.loss = static_cast<uint32_t>(random.Below(500));
  if (random.Below(2) == 0) conditions.duplicate = static_cast<uint32_t>(random.Below(500));
  if (random.Below(3) == 0) conditions.corrupt = static_cast<uint32_t>(random.Below(200));
  // Up to a delay with which a straggler outlives its session.
  if (random.Below(2) == 0) conditions.jitter = absl::Milliseconds(1 << random.Below(19));
  return conditions;
}

std::vector<Arrival> Pass(const LinkConditions& conditions, const Bytes& datagram,
                          SeededRandom& random) {
  std::vector<Arrival> arrivals;
  if (conditions.partitioned || random.Below(1000) < conditions.loss) return arrivals;
  do {
    Arrival& arrival = arrivals.emplace_back();
    arrival.bytes = datagram;
    arrival.after = conditions.delay;
    if (conditions.jitter > absl::ZeroDuration()) {
      arrival.after += absl::Nanoseconds(
          random.Below(static_cast<uint64_t>(absl::ToInt64Nanoseconds(conditions.jitter))));
    }
    if (random.Below(1000) < conditions.corrupt) {
      const size_t bit = random.Below(arrival.bytes.size() * 8);
      arrival.bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    }
  } while (arrivals.size() < 3 && random.Below(1000) < conditions.duplicate);
  return arrivals;
}

SocketAddress Nat::Translate(Instant now, const SocketAddress& destination, SeededRandom& random) {
  std::erase_if(mappings_, [&](const Mapping& mapping) { return now >= mapping.expires; });
  auto mapping = std::ranges::find(mappings_, destination, &Mapping::destination);
  if (mapping == mappings_.end()) {
    mappings_.push_back({destination, static_cast<uint16_t>(1024 + random.Below(60'000)), now});
    mapping = mappings_.end() - 1;
  }
  mapping->expires = now + timeout_;
  return {destination.address.family == IpFamily::kV4 ? outside_v4_ : outside_v6_, mapping->port,
          0};
}

bool Nat::Admits(Instant now, const SocketAddress& from, const SocketAddress& to) {
  for (Mapping& mapping : mappings_) {
    if (mapping.destination != from || mapping.port != to.port || now >= mapping.expires) continue;
    mapping.expires = now + timeout_;
    return true;
  }
  return false;
}

}  // namespace ringwire
