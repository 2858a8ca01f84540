#ifndef RINGWIRE_PLATFORM_SUPERVISOR_PREDECESSOR_CLEANUP_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_PREDECESSOR_CLEANUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/host/journal.h"

// What a service leaves behind that is not there any more.
namespace ringwire::platform {

// How long a relay that was asked to end may take.
inline constexpr absl::Duration kRelayPatience = absl::Seconds(10);

// Undoes it. OK also when there is nothing. Takes the journal's lock, so AlreadyExists means that
// the service is there.
absl::Status UndoLeftovers(const std::string& interface);

// What there is in this network namespace that bears the interface's name, or keeps traffic in and
// is nobody's: as the commands that remove it. For when there is no journal.
std::vector<std::string> TracesOf(const std::string& interface);

// Whether it is this network namespace that the journal is about. FailedPrecondition: it is another
// one, and the message says how to get there; NotFound: one that is not in sight.
absl::Status CheckNetworkOf(const Journal& journal, const std::string& interface);
// To where the changes in the journal were made, from there.
absl::Status EnterNamespaceOf(const Journal& journal, Host* host);
// A journal may name an interface that is gone, or whose name another one has by now: 0.
uint32_t LiveIndex(const Journal& journal, Host* host);

// Of a relay that could not do so itself; not those of another process of that name, as when the
// relay has failed for that reason.
void RemoveSockets(const std::string& interface);
absl::Status WaitUntilGone(const std::string& interface, Host* host);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_PREDECESSOR_CLEANUP_H_
