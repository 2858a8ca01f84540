#ifndef RINGWIRE_TESTS_SIM_LINK_H_
#define RINGWIRE_TESTS_SIM_LINK_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/wire/address.h"
#include "tests/support/packet_builder.h"
#include "tests/support/seeded_random.h"

namespace ringwire {

// The faults of the network between two hosts. Chances are in thousandths.
struct LinkConditions {
  uint32_t loss = 0;
  uint32_t duplicate = 0;
  uint32_t corrupt = 0;
  absl::Duration delay = absl::Milliseconds(10);
  absl::Duration jitter;  // added at random to each datagram, which reorders them
  bool partitioned = false;

  // Nothing is lost and everything stays in order.
  static LinkConditions Healthy(SeededRandom& random);
  // Anything from harmless to hardly usable.
  static LinkConditions Random(SeededRandom& random);
};

// One arrival of a datagram at the other end.
struct Arrival {
  absl::Duration after;
  Bytes bytes;
};
// The fate of a datagram: no arrival, one, or several.
std::vector<Arrival> Pass(const LinkConditions& conditions, const Bytes& datagram,
                          SeededRandom& random);

// A NAT in front of one host: a mapping for each destination, with its own port, that expires when
// unused. Only that destination may send through it.
class Nat {
 public:
  Nat(IpAddress outside_v4, IpAddress outside_v6, absl::Duration timeout)
      : outside_v4_(outside_v4), outside_v6_(outside_v6), timeout_(timeout) {}

  // The source that `destination` sees.
  SocketAddress Translate(Instant now, const SocketAddress& destination, SeededRandom& random);
  bool IsOutside(const IpAddress& address) const {
    return address == outside_v4_ || address == outside_v6_;
  }
  // Whether the NAT admits a datagram from this source to this outside address.
  bool Admits(Instant now, const SocketAddress& from, const SocketAddress& to);
  // Forgets everything: the next datagram gets another port.
  void Rebind() { mappings_.clear(); }

 private:
  struct Mapping {
    SocketAddress destination;
    uint16_t port = 0;
    Instant expires;
  };
  const IpAddress outside_v4_;
  const IpAddress outside_v6_;
  const absl::Duration timeout_;
  std::vector<Mapping> mappings_;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SIM_LINK_H_
