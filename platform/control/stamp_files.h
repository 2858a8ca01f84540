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

// The files in which the greatest handshake timestamps survive a restart, so that a captured
// initiation is still refused (rule 20).
namespace ringwire::platform {

// $RINGWIRE_STATE_DIR, else /var/lib/ringwire.
std::string StateDirectory();

// The two files of one interface, IFNAME.stamps and IFNAME.stamps.2. A process opens them once,
// before it gives up its rights; afterwards it opens, makes and renames nothing. Each save
// overwrites the older file, so a crash during a save loses only that save. Thread-compatible.
class StampFiles {
 public:
  // Creates the folder and the files if they are missing. Load or Save report a failure.
  static StampFiles Open(const std::string& directory, const std::string& interface_name);

  struct Loaded {
    std::vector<HandshakeStamp> stamps;
    std::vector<std::string> warnings;  // lines for people: skipped text and its position
  };
  // The stamps of the newest complete file, also of a file by an older version.
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
