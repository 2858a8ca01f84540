#ifndef RINGWIRE_PLATFORM_SUPERVISOR_PREDECESSOR_CLEANUP_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_PREDECESSOR_CLEANUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/host/journal.h"

// The leftovers of a dead service.
namespace ringwire::platform {

// How long a relay may take to end.
inline constexpr absl::Duration kRelayPatience = absl::Seconds(10);

// Undoes them. Also OK if there is nothing. Takes the journal's lock, so AlreadyExists means that
// the service runs.
absl::Status UndoLeftovers(const std::string& interface);

// For a missing journal: the commands that remove everything in this network namespace that has the
// interface's name, or blocks traffic without an owner.
std::vector<std::string> TracesOf(const std::string& interface);

// Whether the journal is about this network namespace. FailedPrecondition: it is about another one,
// and the message says how to get there. NotFound: about an unknown one.
absl::Status CheckNetworkOf(const Journal& journal, const std::string& interface);
// Switches to the namespace of the journal's changes.
absl::Status EnterNamespaceOf(const Journal& journal, ActionExecutor* host);
// 0 if the journal's interface is gone or another one has its name now.
uint32_t LiveIndex(const Journal& journal, ActionExecutor* host);

// Undoes what a predecessor left on this host, except what blocks traffic, which the new plan takes
// over. `network_namespace`: where the interface is going to be. What cannot be undone is logged.
// FailedPrecondition: nothing can start here; the message says what to do.
absl::Status UndoPredecessor(const std::string& interface, const std::string& network_namespace,
                             ActionExecutor* host, Journal* journal);

// Removes the files of a dead relay, but not those of another process with that name.
void RemoveSockets(const std::string& interface);
absl::Status WaitUntilGone(const std::string& interface, ActionExecutor* host);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_PREDECESSOR_CLEANUP_H_
