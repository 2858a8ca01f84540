#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_FILES_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_FILES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/control/control_plane.h"
#include "platform/base/unique_fd.h"

// Where the greatest handshake timestamps survive a restart, so that a captured old initiation
// stays old (rule 20).
namespace ringwire::platform {

// $RINGWIRE_STATE_DIR, else /var/lib/ringwire.
std::string StateDirectory();

// The two files of one interface, IFNAME.stamps and IFNAME.stamps.2. They are opened once, by a
// process that still may; from then on nothing is opened, made or renamed. Each save overwrites the
// file that is not the newest, so that a crash in the middle of it costs that save only.
// Thread-compatible.
class StampFiles {
 public:
  // Creates the folder and the files where they are missing. What fails is an error of Load or
  // Save.
  static StampFiles Open(const std::string& directory, const std::string& interface_name);

  struct Loaded {
    std::vector<HandshakeStamp> stamps;
    std::vector<std::string> warnings;  // lines for people: what was skipped, and where
  };
  // Of the newest file that is whole; also of a file that an older version has written.
  Loaded Load();
  // Returns when they are on disk.
  absl::Status Save(std::span<const HandshakeStamp> stamps);

 private:
  struct File {
    std::string path;
    UniqueFd fd;
  };

  std::array<File, 2> files_;
  absl::Status opened_;      // why nothing can be saved
  size_t next_ = 0;          // the file to overwrite
  uint64_t generation_ = 0;  // of the newest file
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_FILES_H_
