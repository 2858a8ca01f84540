#include "platform/gateway/host/namespace_dns_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "platform/base/make_folder.h"
#include "platform/base/unique_fd.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

bool Exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

// The interface that owns the file; empty: no interface of ringwire does.
std::string OwnerOf(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return std::string(NamespaceDnsOwner(line));
}

// Of the folders: programs of all users read the file.
constexpr mode_t kFolderMode = 0755;

}  // namespace

NamespaceDnsFacts ReadNamespaceDnsFacts(const NamespaceDnsPaths& paths,
                                        std::string_view interface) {
  NamespaceDnsFacts facts;
  facts.has_file = Exists(paths.file) && OwnerOf(paths.file) != interface;
  if (!Exists(paths.folder)) facts.folders_missing = 1;
  if (!Exists(paths.folder.substr(0, paths.folder.rfind('/')))) facts.folders_missing = 2;
  return facts;
}

absl::StatusOr<bool> WriteNamespaceDns(const NamespaceDnsPaths& paths, std::string_view interface,
                                       const action::SetNamespaceDns& dns) {
  const std::string tried = "write " + paths.file;
  absl::Status status = MakeFolder(paths.folder.substr(0, paths.folder.rfind('/')), kFolderMode);
  if (status.ok()) status = MakeFolder(paths.folder, kFolderMode);
  if (!status.ok()) return status;
  const std::string owner = OwnerOf(paths.file);
  if (!owner.empty() && owner != interface) {
    spdlog::warn("{}: DNS is left out: {} is already that of {}", interface, paths.file, owner);
    return false;
  }
  if (owner.empty() && Exists(paths.file) &&
      ::rename(paths.file.c_str(), paths.put_aside.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  // Overwrite in place: running programs see the file that they were started with.
  const UniqueFd file(
      ::open(paths.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  const bool written = file.valid() && ::fchmod(file.get(), 0644) == 0 &&
                       ::write(file.get(), dns.text.data(), dns.text.size()) ==
                           static_cast<ssize_t>(dns.text.size());
  if (!written) return absl::ErrnoToStatus(errno, tried);
  return true;
}

absl::Status RevertNamespaceDnsFile(const NamespaceDnsPaths& paths, std::string_view interface,
                                    const action::RevertNamespaceDns& dns) {
  const std::string tried = "put back " + paths.file;
  if (OwnerOf(paths.file) == interface && ::unlink(paths.file.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  if (!Exists(paths.file) && Exists(paths.put_aside) &&
      ::rename(paths.put_aside.c_str(), paths.file.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, tried);
  }
  // Each stays if another program has put something into it.
  if (dns.folders_made > 0) ::rmdir(paths.folder.c_str());
  if (dns.folders_made > 1) ::rmdir(paths.folder.substr(0, paths.folder.rfind('/')).c_str());
  return absl::OkStatus();
}

}  // namespace ringwire::platform
