#ifndef RINGWIRE_PLATFORM_BASE_REPLACE_FILE_H_
#define RINGWIRE_PLATFORM_BASE_REPLACE_FILE_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace ringwire::platform {

// How the new file is to be, whatever the umask says.
struct NewFile {
  struct Owner {
    uid_t user = 0;
    gid_t group = 0;
  };
  mode_t mode = 0600;
  std::optional<Owner> owner = std::nullopt;  // absent: who makes it
};

// Makes `text` the file at `path`, whole or not at all: it goes to PATH.new, which is on disk
// before it takes the name. After a loss of power either the old file or the new one is there.
// Nobody but the owner can read PATH.new meanwhile. A file or link that somebody left at PATH.new
// is removed; a symbolic link at `path` is replaced and not followed.
//
// An error leaves the old file, unless it says that the folder could not be synced: then the new
// one is in place and a loss of power may still bring the old one back. Blocks on the disk. Two
// calls for one path at a time are not safe.
absl::Status ReplaceFile(const std::string& path, std::string_view text, const NewFile& file = {});

// The half of it that makes PATH.new: a new file at `path`, on disk when this returns OK. What was
// at `path` is removed first; after an error there is nothing.
absl::Status WriteNewFile(const std::string& path, std::string_view text, const NewFile& file);

// Writes all of `text` to a blocking descriptor. False: errno says why.
bool WriteAll(int fd, std::string_view text);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_REPLACE_FILE_H_
