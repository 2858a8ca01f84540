#include "platform/config/hook_writers.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr mode_t kNotTheOwner = S_IWGRP | S_IWOTH;

// POSIX ACLs count as well: what they allow shows as the mode of the group.
bool IsWritable(const std::string& path, mode_t* mode) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return false;
  *mode = status.st_mode;
  return (status.st_mode & kNotTheOwner) != 0;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string Refusal(const std::string& path, const std::string& writable) {
  return fmt::format(
      "cannot run the hooks of {}: its group or others can write {}; take that away with `chmod "
      "go-w {}`",
      path, writable, writable);
}

}  // namespace

std::string WhyHooksMustNotRun(const ConfigFile& config, const std::string& path) {
  if (config.hooks == Hooks()) return {};
  mode_t mode = 0;
  if (IsWritable(path, &mode) && S_ISREG(mode)) return Refusal(path, path);
  std::error_code error;
  const std::string target = std::filesystem::canonical(path, error).string();
  for (const std::string& folder : {FolderOf(path), FolderOf(error ? path : target)}) {
    // In a sticky folder, as /tmp, nobody replaces the files of others.
    if (IsWritable(folder, &mode) && (mode & S_ISVTX) == 0) return Refusal(path, folder);
  }
  return {};
}

}  // namespace ringwire::platform
