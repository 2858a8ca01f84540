#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_JOURNAL_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_JOURNAL_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"
#include "platform/gateway/plan/action.h"
#include "platform/gateway/plan/rule_priorities.h"

namespace ringwire::platform {

// The changes to undo on this host for one interface, in a file that outlives the process. A change
// is recorded before it is made, and removed after it is undone. The file exists as long as there
// is something to undo. The owning process holds a lock on it, which ends with the process in any
// case. Each line is a JSON object. Thread-compatible; not for use in a child of fork(). It has
// many methods because it records several kinds of facts, each with a writer and a reader of a few
// lines.
class Journal {
 public:
  struct Entry {
    uint64_t id = 0;
    Action undo;
    bool stays_after_crash = false;
  };

  // Takes over FOLDER/INTERFACE.journal with a predecessor's entries. AlreadyExists: another
  // process owns it. If it cannot be written for another reason, the journal is in memory only (see
  // `is_on_disk`), with the predecessor's entries if they can be read. InvalidArgument: not a file
  // of ringwire.
  static absl::StatusOr<Journal> Open(const std::string& folder, std::string_view interface);

  // The present journal of `interface`, in memory only, with any owner; empty if there is none that
  // this process can read. InvalidArgument: not a file of ringwire.
  static absl::StatusOr<Journal> Copy(const std::string& folder, std::string_view interface);

  // The process that owns the journal of `interface`; nullopt: none.
  static std::optional<pid_t> Owner(const std::string& folder, std::string_view interface);
  static std::string PathOf(const std::string& folder, std::string_view interface);
  // The reservations in the journals of other interfaces in the namespace `network`. An unreadable
  // journal reserves nothing.
  static std::vector<Reservation> ReservationsOfOthers(const std::string& folder,
                                                       std::string_view interface,
                                                       uint64_t network);

  // The network namespace in the journal of `interface`, for a process that does not own it.
  // NotFound: there is no journal. PermissionDenied: another user could have written it.
  struct Namespace {
    std::string name;  // empty: none of its own
    uint64_t id = 0;
  };
  static absl::StatusOr<Namespace> NamespaceOf(const std::string& folder,
                                               std::string_view interface);

  // In the order of recording.
  auto entries() const { return std::views::values(entries_); }
  // The first entry with that undo; null: there is none. Valid until it is removed.
  const Entry* Find(const Action& undo) const;
  // The index of the entries' interface; 0: it was not made yet.
  uint32_t interface_index() const { return interface_index_; }
  // The namespace of the interface, by name and by the kernel's number (NamedNamespace::id). Empty:
  // that of the process that wrote the journal.
  const std::string& network_namespace() const { return network_namespace_; }
  uint64_t network_namespace_id() const { return network_namespace_id_; }
  // The network namespace of that process, by the kernel's number; 0: unknown.
  uint64_t network() const { return network_; }
  const Reservation& reservation() const { return reservation_; }
  uint64_t last_id() const { return next_id_ - 1; }  // of what was recorded; ids grow
  bool is_on_disk() const { return file_.valid(); }

  // Returns the entry's id.
  absl::StatusOr<uint64_t> Record(const Action& undo, bool stays_after_crash);
  absl::Status RecordInterface(uint32_t index);
  absl::Status RecordNetwork(uint64_t id);
  absl::Status RecordNamespace(const std::string& name, uint64_t id);
  // `network`: the namespace of the reserved numbers, from CurrentNetworkId().
  absl::Status RecordReservation(const Reservation& reservation, uint64_t network);
  absl::Status Forget(uint64_t id);
  // The last call: removes the file if nothing is left to undo.
  void RemoveIfEmpty();

 private:
  Journal(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}
  absl::Status Load();
  absl::StatusOr<std::string> TakeFile(int file);  // returns its text
  bool TakeText(std::string_view whole_lines, std::string_view torn_line);
  bool TakeLine(std::string_view line);
  absl::Status Append(std::string line);
  void Take(Entry entry);
  void Drop(uint64_t id);

  std::string path_;
  UniqueFd file_;                      // invalid: in memory only
  std::map<uint64_t, Entry> entries_;  // by their ids; a table of routes may make many of them
  std::set<std::pair<std::string, uint64_t>> undos_;  // of them all, as ToJson, with their ids
  uint64_t next_id_ = 1;
  uint32_t interface_index_ = 0;
  std::string network_namespace_;
  uint64_t network_namespace_id_ = 0;
  uint64_t network_ = 0;
  Reservation reservation_;
};

// The kernel's number of the network namespace that this thread is in.
uint64_t CurrentNetworkId();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_JOURNAL_H_
