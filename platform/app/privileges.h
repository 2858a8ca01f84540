#ifndef RINGWIRE_PLATFORM_APP_PRIVILEGES_H_
#define RINGWIRE_PLATFORM_APP_PRIVILEGES_H_

#include <string>

#include "absl/status/status.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// First thing in the process: what it creates is for its owner alone, and its memory, which holds
// keys, reaches no core dump and no debugger of another process.
void ProtectProcess();

// PermissionDenied, with the fix, unless the process has CAP_NET_ADMIN.
absl::Status CheckNetAdmin();

// Whether to be able to read files of other users later: OpenForReading needs it for some of ours.
enum class FilesOfOthers { kGiveUp, kKeepReading };

// Keeps CAP_NET_ADMIN (marks, buffers, links) and CAP_NET_BIND_SERVICE (a later listen port below
// 1024) and gives up every other capability for good; with kKeepReading CAP_DAC_READ_SEARCH stays
// permitted, not effective. Call before threads are made: it holds for the calling thread and those
// it creates.
absl::Status DropPrivileges(FilesOfOthers files = FilesOfOthers::kGiveUp);

// open(2) for reading, without the capabilities that override a file's mode; only where that is
// denied, with CAP_DAC_READ_SEARCH for this one call, and `*is_of_others` is set. errno as open's.
UniqueFd OpenForReading(const std::string& path, bool* is_of_others);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_PRIVILEGES_H_
