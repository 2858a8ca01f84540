#include "platform/netlink/named_namespace.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/lock_wait.h"
#include "platform/base/make_folder.h"
#include "platform/base/message_of.h"
#include "platform/base/state_lock.h"
#include "platform/netlink/netlink.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

constexpr char kFolder[] = "/run/netns";
// Which of them are ours: NAME.netns with the namespace's number. Nobody but root writes there.
constexpr char kMarkFolder[] = "/run/ringwire";
constexpr char kOwnNamespace[] = "/proc/thread-self/ns/net";
constexpr uint32_t kLoopbackIndex = 1;  // in every network namespace

absl::Status ErrnoError(const std::string& tried) {
  if (errno != EPERM && errno != EACCES) return absl::ErrnoToStatus(errno, tried);
  return absl::PermissionDeniedError(
      fmt::format("{}: not permitted (run as root, or grant CAP_SYS_ADMIN)", tried));
}

std::string MarkOf(const std::string& name) {
  return fmt::format("{}/{}.netns", kMarkFolder, name);
}

// 0: there is none.
uint64_t IdAt(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

absl::Status WriteMark(const std::string& name, uint64_t id) {
  RETURN_IF_ERROR(MakeFolder(kMarkFolder, 0755));
  const std::string path = MarkOf(name);
  std::ofstream file(path, std::ios::trunc);
  file << id << '\n';
  file.close();
  if (file.good()) return absl::OkStatus();
  return absl::UnavailableError(fmt::format("write {}", path));
}

// A mount made below it is seen by mount namespaces that have been made of this one, as `ip netns`
// does it. This and the next use nothing but system calls. False: errno.
bool ShareFolder() {
  if (::mount("", kFolder, "none", MS_SHARED | MS_REC, nullptr) == 0) return true;
  if (errno != EINVAL) return false;
  // It is no mount point yet.
  return ::mount(kFolder, kFolder, "none", MS_BIND | MS_REC, nullptr) == 0 &&
         ::mount("", kFolder, "none", MS_SHARED | MS_REC, nullptr) == 0;
}

bool MountAt(const char* path, const char* source) {
  return ShareFolder() && ::mount(source, path, "none", MS_BIND, nullptr) == 0;
}

// What the mark of `name` says. 0: there is none.
uint64_t MarkedId(const std::string& name) {
  std::ifstream mark(MarkOf(name));
  uint64_t id = 0;
  return mark >> id ? id : 0;
}

bool IsMounted(const std::string& path) {
  struct statfs system{};
  return ::statfs(path.c_str(), &system) == 0 && system.f_type == NSFS_MAGIC;
}

// The mounts of the system, where a process has others and yet the same folder of names: `ip netns
// exec` and service managers start programs so, and a name that only they see is of no use.
// Invalid: they are ours, or others altogether.
UniqueFd MountsOfSystem() {
  constexpr char kTheirs[] = "/proc/1/ns/mnt";
  struct stat ours{};
  struct stat theirs{};
  const bool same_folder = ::stat(kFolder, &ours) == 0 &&
                           ::stat(fmt::format("/proc/1/root{}", kFolder).c_str(), &theirs) == 0 &&
                           ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
  if (!same_folder || IdAt("/proc/self/ns/mnt") == IdAt(kTheirs)) return UniqueFd();
  return UniqueFd(::open(kTheirs, O_RDONLY | O_CLOEXEC));
}

// The file on which one of ours was to be mounted, or was, when ringwire was killed: with a mark,
// and as empty and closed as GiveName makes it. Who has mounts of their own may see such a file
// where the system has the namespace.
bool IsUnfinished(const std::string& name, const std::string& path) {
  struct stat status{};
  const uint64_t id = MarkedId(name);
  return id != 0 && ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & 07777) == 0 && status.st_size == 0 && !IsMounted(path) &&
         IdAt(fmt::format("/proc/1/root{}", path)) != id;
}

// Among the processes of ringwire, and with `ip netns`, which locks the folder of the names while
// it makes or removes one.
struct NamesLock {
  StateLock among_ours;
  UniqueFd folder;
};

// Every user can open the folder and hold its lock for ever, so that one is asked for and not
// insisted on.
absl::StatusOr<NamesLock> LockNames() {
  constexpr absl::Duration kPatience = absl::Seconds(3);
  ASSIGN_OR_RETURN(StateLock among_ours,
                   StateLock::Take(kMarkFolder, "names", EndSignals::kIgnored));
  UniqueFd folder(::open(kFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) {
    const absl::Status status = LockWithin(folder.get(), kPatience, EndSignals::kHeard);
    if (!status.ok()) {
      spdlog::warn("{} stays unlocked while ringwire changes a name there: {}", kFolder,
                   MessageOf(status));
    }
  }
  return NamesLock{std::move(among_ours), std::move(folder)};
}

// By a process of its own, as one with threads cannot change its mounts.
void MountInSystem(const std::string& path, const std::string& source) {
  const UniqueFd mounts = MountsOfSystem();
  if (!mounts.valid()) return;
  const pid_t child = ::fork();
  if (child == 0) {
    const bool done =
        ::setns(mounts.get(), CLONE_NEWNS) == 0 && MountAt(path.c_str(), source.c_str());
    ::_exit(done ? 0 : 1);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || status != 0) {
    spdlog::warn("{} is seen in the mount namespace of this process alone", path);
  }
}

std::string CommandName(std::string_view pid) {
  std::ifstream file(fmt::format("/proc/{}/comm", pid));
  std::string name;
  std::getline(file, name);
  std::ranges::replace_if(name, [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// The entries of a folder by their name; none where it cannot be read.
void ForEachIn(const char* path, absl::FunctionRef<void(const std::string& name)> visit) {
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path));
  if (folder == nullptr) return;
  while (const dirent* const entry = ::readdir(folder.get())) visit(entry->d_name);
}

// The processes in a namespace that we may see, by their numbers.
std::vector<std::string> ProcessesIn(uint64_t id) {
  std::vector<std::string> pids;
  ForEachIn("/proc", [&pids, id](const std::string& pid) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) return;
    if (IdAt(fmt::format("/proc/{}/ns/net", pid)) == id) pids.push_back(pid);
  });
  return pids;
}

// Some of them, for people.
std::string NamesOf(const std::vector<std::string>& pids) {
  constexpr size_t kNamed = 3;
  std::string text;
  for (size_t i = 0; i < std::min(pids.size(), kNamed); ++i) {
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", CommandName(pids[i]), pids[i]);
  }
  if (pids.size() > kNamed) text += fmt::format(" and {} more", pids.size() - kNamed);
  return text;
}

}  // namespace

std::string NamedNamespace::PathOf(const std::string& name) {
  return fmt::format("{}/{}", kFolder, name);
}

bool NamedNamespace::IsMadeHere(const std::string& name) {
  const uint64_t id = MarkedId(name);
  return id != 0 && id == IdAt(PathOf(name));
}

std::string NamedNamespace::WayInto(uint64_t id) {
  std::string way;
  ForEachIn(kFolder, [&way, id](const std::string& name) {
    const std::string path = PathOf(name);
    if (IsMounted(path) && IdAt(path) == id) way = "ip netns exec " + name;
  });
  if (!way.empty()) return way;
  const std::vector<std::string> pids = ProcessesIn(id);
  return pids.empty() ? "" : fmt::format("nsenter --net=/proc/{}/ns/net", pids.front());
}

absl::StatusOr<NamedNamespace> NamedNamespace::Adopt(UniqueFd file, const std::string& tried) {
  if (!file.valid() && errno == ENOENT) return absl::NotFoundError(tried + ": there is none");
  if (!file.valid()) return ErrnoError(tried);
  struct stat status{};
  struct statfs system{};
  if (::fstat(file.get(), &status) != 0 || ::fstatfs(file.get(), &system) != 0) {
    return ErrnoError(tried);
  }
  if (system.f_type != NSFS_MAGIC || ::ioctl(file.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
    return absl::InvalidArgumentError(
        fmt::format("{}: something else has that name (what `ip netns` makes is meant)", tried));
  }
  return NamedNamespace(std::move(file), status.st_ino);
}

absl::StatusOr<NamedNamespace> NamedNamespace::Open(const std::string& name) {
  const std::string path = PathOf(name);
  const std::string tried = fmt::format("open the network namespace {} at {}", name, path);
  if (IsUnfinished(name, path)) return absl::NotFoundError(tried + ": there is none");
  return Adopt(UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), tried);
}

absl::StatusOr<NamedNamespace> NamedNamespace::OpenOf(pid_t process, uint64_t id) {
  const std::string tried = fmt::format("find the network namespace of process {}", process);
  const std::string path = fmt::format("/proc/{}/fd", process);
  const std::unique_ptr<DIR, CloseFolder> files(::opendir(path.c_str()));
  if (files == nullptr) return ErrnoError(tried);
  while (const dirent* const entry = ::readdir(files.get())) {
    const std::string file = fmt::format("{}/{}", path, entry->d_name);
    if (IdAt(file) != id) continue;
    // Numbers are of a file system; the right one is what Adopt() makes sure of.
    absl::StatusOr<NamedNamespace> found =
        Adopt(UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), tried);
    if (found.ok() && found->id() == id) return found;
  }
  return absl::NotFoundError(tried + ": there is none");
}

absl::StatusOr<NamedNamespace> NamedNamespace::MakeNameless() {
  const std::string tried = "make a network namespace";
  const UniqueFd own(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC));
  if (!own.valid() || ::unshare(CLONE_NEWNET) != 0) return ErrnoError(tried);
  absl::StatusOr<NamedNamespace> made =
      Adopt(UniqueFd(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC)), tried);
  CHECK(::setns(own.get(), CLONE_NEWNET) == 0);
  return made;
}

absl::StatusOr<NamedNamespace> NamedNamespace::Create(const std::string& name) {
  ASSIGN_OR_RETURN(NamedNamespace made, MakeNameless());
  absl::Status loopback;
  absl::Status status = made.Visit([&loopback] {
    absl::StatusOr<Netlink> netlink = Netlink::Open();
    loopback = netlink.ok() ? netlink->SetLinkUp(kLoopbackIndex) : netlink.status();
  });
  status.Update(loopback);
  if (status.ok()) status = MakeFolder(kFolder, 0755);
  if (status.ok()) status = made.GiveName(name);
  if (!status.ok()) return status;
  return made;
}

// The mark comes first, so that there is never a name that nobody feels responsible for, whenever
// this is killed.
absl::Status NamedNamespace::GiveName(const std::string& name) const {
  const std::string path = PathOf(name);
  const std::string tried = fmt::format("make the network namespace {} at {}", name, path);
  ASSIGN_OR_RETURN(const NamesLock lock, LockNames());
  if (IsUnfinished(name, path)) ::unlink(path.c_str());
  if (::access(path.c_str(), F_OK) == 0) return absl::AlreadyExistsError(tried + ": there is one");
  absl::Status status = WriteMark(name, id_);
  if (!status.ok()) return status;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  if (!file.valid()) {
    status = ErrnoError(tried);
    ::unlink(MarkOf(name).c_str());
    return status;
  }
  const std::string self = fmt::format("/proc/self/fd/{}", fd());
  MountInSystem(path, self);
  // It may have come from there.
  if (IsMounted(path) || MountAt(path.c_str(), self.c_str())) return absl::OkStatus();
  status = ErrnoError(tried);
  ::unlink(path.c_str());
  ::unlink(MarkOf(name).c_str());
  return status;
}

// Some modules put an interface into every namespace; those are down.
absl::StatusOr<bool> NamedNamespace::HasLinksUp() const {
  bool found = false;
  const absl::Status status = Visit([&found] {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    struct if_nameindex* const links = ::if_nameindex();
    if (links == nullptr) return;
    for (const struct if_nameindex* link = links; link->if_index != 0; ++link) {
      ifreq request{};
      std::strncpy(request.ifr_name, link->if_name, sizeof(request.ifr_name) - 1);
      const bool up = ::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 &&
                      (static_cast<unsigned short>(request.ifr_flags) & IFF_UP) != 0;
      found = found || (up && link->if_index != kLoopbackIndex);
    }
    ::if_freenameindex(links);
  });
  if (!status.ok()) return status;
  return found;
}

absl::Status NamedNamespace::Remove(const std::string& name) {
  const std::string path = PathOf(name);
  const std::string tried = fmt::format("remove the network namespace {}", name);
  ASSIGN_OR_RETURN(const NamesLock lock, LockNames());
  if (!IsMadeHere(name)) {
    if (IsUnfinished(name, path)) ::unlink(path.c_str());
    ::unlink(MarkOf(name).c_str());
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const NamedNamespace found, Open(name));
  ASSIGN_OR_RETURN(const bool links, found.HasLinksUp());
  if (links) {
    spdlog::info("the network namespace {} is left in place: it has other interfaces", name);
    return absl::OkStatus();
  }
  const std::vector<std::string> processes = ProcessesIn(found.id());
  if (!processes.empty()) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: in use by {}, which cannot reach anything from there now", tried, NamesOf(processes)));
  }
  // With the file it goes from all other mount namespaces as well.
  if (::umount2(path.c_str(), MNT_DETACH) != 0 || ::unlink(path.c_str()) != 0) {
    return ErrnoError(tried);
  }
  ::unlink(MarkOf(name).c_str());
  return absl::OkStatus();
}

bool NamedNamespace::IsOwn() const { return id_ == IdAt(kOwnNamespace); }

absl::Status NamedNamespace::Visit(absl::FunctionRef<void()> visit) const {
  const std::string tried = "enter a network namespace";
  const UniqueFd own(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC));
  if (!own.valid() || ::setns(fd(), CLONE_NEWNET) != 0) return ErrnoError(tried);
  visit();
  // To go on in the wrong one would be worse than to end.
  CHECK(::setns(own.get(), CLONE_NEWNET) == 0);
  return absl::OkStatus();
}

}  // namespace ringwire::platform
