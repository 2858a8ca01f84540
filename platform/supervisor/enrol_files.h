#ifndef RINGWIRE_PLATFORM_SUPERVISOR_ENROL_FILES_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_ENROL_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/config/config_file.h"
#include "core/enrol/message_files.h"
#include "core/enrol/secret_bytes.h"

// The files that [Enrol] names. Blocks on the disk.
namespace ringwire::platform {

// Where the users file of a configuration is.
std::string UsersPathOf(const ConfigFile& config, const std::string& config_path,
                        const std::string& interface);

struct EnrolFiles {
  std::string chain;
  enrol::SecretBytes key;
  enrol::UserTable users;
  std::vector<std::string> warnings;
};
// All of them, checked: the key belongs to the certificate, and nobody else can read users and key.
absl::StatusOr<EnrolFiles> LoadEnrolFiles(const ConfigFile& config, const std::string& config_path,
                                          const std::string& interface);

// Another text as soon as one of the files is another one or was written.
std::string StampOfEnrolFiles(const ConfigFile& config, const std::string& config_path,
                              const std::string& interface);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_ENROL_FILES_H_
