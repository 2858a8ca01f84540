#ifndef RINGWIRE_PLATFORM_BASE_VERSION_H_
#define RINGWIRE_PLATFORM_BASE_VERSION_H_

namespace ringwire::platform {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_VERSION_H_
