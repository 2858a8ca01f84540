#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_FILES_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_FILES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/control/control_plane.h"
#include "platform/base/unique_fd.h"
#include "platform/control/stamp_log.h"

// The files in which the greatest handshake timestamps survive a restart, so that a captured
// initiation is still refused (rule 20).
namespace ringwire::platform {

// $RINGWIRE_STATE_DIR, else /var/lib/ringwire.
std::string StateDirectory();

// The two files of one interface, IFNAME.stamps and IFNAME.stamps.2. A process opens them once,
// before it gives up its rights; afterwards it opens, makes and renames nothing.
//
// A save appends to one file, so that it costs its own size. When that file has doubled, its latest
// records go into the other one, which is used from then on: all in all a save costs at most twice
// its size, and a crash during one loses only that save. Thread-compatible.
class StampFiles {
 public:
  // Creates the folder and the files if they are missing. Load or Save report a failure.
  static StampFiles Open(const std::string& directory, const std::string& interface_name);

  struct Loaded {
    std::vector<HandshakeStamp> stamps;
    std::vector<LiveEndpoint> alive;
    std::vector<std::string> warnings;  // lines for people: skipped bytes and their place
  };
  // The stamps of the newest file, also of one by an older version.
  Loaded Load();
  // Returns when they are on disk. FailedPrecondition: only complete changes can be saved now,
  // because there is no file to append to (see needs_all).
  absl::Status Save(const StampChanges& changes);
  // The next save must be complete: no file of this format was loaded, or the last save failed.
  bool needs_all() const { return !current_.has_value(); }

 private:
  struct File {
    std::string path;
    UniqueFd fd;
  };
  // The file that saves are appended to.
  struct Current {
    size_t index = 0;  // in files_
    StampFrames frames;
    uint64_t size = 0;        // append here
    uint64_t whole_size = 0;  // when it had one record of each peer, or when it was loaded
  };

  absl::Status CheckNotDeleted() const;
  absl::Status Append(const StampChanges& changes);
  // Begins the file that is not the current one.
  absl::Status Begin(const StampChanges& all);
  // Moves the latest records of the current file into the other one.
  absl::Status Compact();
  // With the endpoints of the newest file, of peers that have stamps.
  StampChanges WithKeptEndpoints(const StampChanges& all) const;

  std::array<File, 2> files_;
  absl::Status opened_;  // why nothing can be saved
  std::optional<Current> current_;
  size_t next_ = 0;          // the file to begin; the other one is the newest, if there is one
  uint64_t generation_ = 0;  // of the newest file
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_FILES_H_
