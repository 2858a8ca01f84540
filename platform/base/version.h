#ifndef RINGWIRE_PLATFORM_BASE_VERSION_H_
#define RINGWIRE_PLATFORM_BASE_VERSION_H_

namespace ringwire::platform {

// Both are compiled in by CMakeLists.txt: the version of the project, the text of docs/licences.md.
extern const char kVersion[];
extern const char kLicences[];

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_VERSION_H_
