#ifndef RINGWIRE_PLATFORM_CONTROL_HANDSHAKE_STAMPS_H_
#define RINGWIRE_PLATFORM_CONTROL_HANDSHAKE_STAMPS_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/control/control_plane.h"

// The file in which the greatest handshake timestamps survive a restart, so that a captured old
// initiation stays old (rule 20). One line a stamp: our public key, the peer's (both base64), the
// timestamp in 24 hex digits.
namespace ringwire::platform {

struct ParsedStamps {
  std::vector<HandshakeStamp> stamps;
  size_t malformed_lines = 0;  // skipped
};

std::string FormatStamps(std::span<const HandshakeStamp> stamps);
ParsedStamps ParseStamps(std::string_view text);

// $RINGWIRE_STATE_DIR, else /var/lib/ringwire.
std::string StateDirectory();

// The file of one interface. Thread-compatible.
class HandshakeStampsFile {
 public:
  HandshakeStampsFile(std::string directory, const std::string& interface_name);

  const std::string& path() const { return path_; }
  // No file: no stamps.
  absl::StatusOr<ParsedStamps> Load() const;
  // Replaces the file as a whole: after a crash it is the old one or the new one. Creates the
  // directory.
  absl::Status Save(std::span<const HandshakeStamp> stamps) const;

 private:
  const std::string directory_;
  const std::string path_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_HANDSHAKE_STAMPS_H_
