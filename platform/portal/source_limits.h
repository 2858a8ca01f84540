#ifndef RINGWIRE_PLATFORM_PORTAL_SOURCE_LIMITS_H_
#define RINGWIRE_PLATFORM_PORTAL_SOURCE_LIMITS_H_

#include <cstddef>
#include <map>

#include "core/base/instant.h"
#include "core/wire/address.h"

namespace ringwire::platform {

// An IPv4 address that IPv6 maps is that address, others are unchanged.
IpAddress Unmapped(const IpAddress& client);

// The source that limits count by: an IPv4 address, or the IPv6 /64 that one customer has.
IpAddress SourceOf(const IpAddress& client);

// Bounds what one source can take of a portal's connections. Pure; thread-compatible.
class SourceLimits {
 public:
  // Whether a new connection of this source is served; it counts as a stranger until Leave().
  bool Admit(const IpAddress& source, Instant now);
  // A stranger has shown its proof, or its connection has ended.
  void Leave(const IpAddress& source);

  size_t sources() const { return sources_.size(); }

 private:
  struct Source {
    double tokens = 0;
    Instant filled;
    size_t strangers = 0;
  };
  void Forget();

  std::map<IpAddress, Source> sources_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PORTAL_SOURCE_LIMITS_H_
