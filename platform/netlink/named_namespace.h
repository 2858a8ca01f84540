#ifndef RINGWIRE_PLATFORM_NETLINK_NAMED_NAMESPACE_H_
#define RINGWIRE_PLATFORM_NETLINK_NAMED_NAMESPACE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// A network namespace with a name, as `ip netns` keeps them: a mount below /run/netns. It lives on
// while this object does, also without its name. Thread-compatible. Everything here needs
// CAP_SYS_ADMIN, and says so.
class NamedNamespace {
 public:
  // NotFound: none has that name.
  static absl::StatusOr<NamedNamespace> Open(const std::string& name);
  // The one of that number that a process has open, whatever its name. NotFound: it has none.
  static absl::StatusOr<NamedNamespace> OpenOf(pid_t process, uint64_t id);
  // A new one, its loopback interface up. AlreadyExists: the name is taken.
  static absl::StatusOr<NamedNamespace> Create(const std::string& name);
  // One without a name, for a look at what new ones are like.
  static absl::StatusOr<NamedNamespace> MakeNameless();

  // Removes the name, if it still is that of the namespace that a Create() has made. The namespace
  // goes with it unless it is in use; FailedPrecondition: by processes, and it is left as it was.
  // One in which another interface than the loopback is up, as of a second tunnel, keeps its name
  // as well, which is no error.
  static absl::Status Remove(const std::string& name);

  // Whether a ringwire has made the namespace that has this name.
  static bool IsMadeHere(const std::string& name);
  static std::string PathOf(const std::string& name);
  // What a person types before a command to run it in the network namespace of that number, by its
  // name or by a process in it. Empty: there is neither in sight.
  static std::string WayInto(uint64_t id);

  // The kernel's number for it, which no other namespace has at the same time.
  uint64_t id() const { return id_; }
  int fd() const { return file_.get(); }
  // Whether it is the one of this thread.
  bool IsOwn() const;

  // Runs `visit` on this thread with this as its network namespace. It makes no thread and no
  // namespace; a program that it runs is in this namespace too.
  absl::Status Visit(absl::FunctionRef<void()> visit) const;

 private:
  NamedNamespace(UniqueFd file, uint64_t id) : file_(std::move(file)), id_(id) {}
  static absl::StatusOr<NamedNamespace> Adopt(UniqueFd file, const std::string& tried);
  absl::Status GiveName(const std::string& name) const;
  absl::StatusOr<bool> HasLinksUp() const;

  UniqueFd file_;
  uint64_t id_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_NAMED_NAMESPACE_H_
