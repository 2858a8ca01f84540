#ifndef RINGWIRE_PLATFORM_OBSERVE_LOG_FILE_H_
#define RINGWIRE_PLATFORM_OBSERVE_LOG_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The log of an interface: FOLDER/NAME.log, and FOLDER/NAME.log.1 with the lines before those.
// Neither exceeds kBytesMax. Mode 0640, owned by root and the group `ringwire`, if that exists.
//
// Everything is opened once: the process that appends may open nothing later. So a full file is
// copied over the older one and emptied. Thread-compatible; one process appends.
class LogFile {
 public:
  static constexpr size_t kBytesMax = size_t{1} << 20;

  static std::string PathOf(const std::string& folder, const std::string& interface);

  // Makes the folder and the files if they are missing. The error: nothing can be logged there.
  static absl::StatusOr<LogFile> Open(const std::string& folder, const std::string& interface);

  // Appends whole lines with their ends, at most kBytesMax. Best effort: where there is no room on
  // the file system, they are lost.
  void Append(std::string_view lines);

 private:
  LogFile(UniqueFd current, UniqueFd older)
      : current_(std::move(current)), older_(std::move(older)) {}
  void MakeRoom();

  UniqueFd current_;
  UniqueFd older_;
};

// The whole log, oldest line first. NotFound: there is none. Another process may append meanwhile.
absl::StatusOr<std::string> ReadLog(const std::string& folder, const std::string& interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_LOG_FILE_H_
