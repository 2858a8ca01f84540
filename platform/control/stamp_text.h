#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_TEXT_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/control/control_plane.h"

// The text in which versions up to 0.2 kept handshake timestamps (stamp_files.h), to be read. Pure.
// One line per stamp: our public key, the peer's (both base64), the timestamp in 24 hex digits. The
// first line has the format's name and version, the generation of the file, and the BLAKE2s hash of
// these and of all lines. The oldest versions wrote no first line.
namespace ringwire::platform {

struct StampText {
  std::vector<HandshakeStamp> stamps;
  uint64_t generation = 0;     // the greater one of two files counts; 0: of a version without heads
  size_t malformed_lines = 0;  // skipped; only a text without a head has such
  bool damaged = false;        // the head and the lines disagree: nothing was read
};

// Both formats begin with it; the version follows.
inline constexpr std::string_view kStampsName = "ringwire-stamps ";

inline std::span<const uint8_t> StampBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

StampText ParseStamps(std::string_view text);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_TEXT_H_
