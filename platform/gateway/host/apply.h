#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_APPLY_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_APPLY_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/plan/plan.h"

// Plans on their way to the host, each change recorded in the journal before it is made.
namespace ringwire::platform {

// Makes every step, in order. One that fails is the error, and all that this call has done is
// undone.
absl::Status ApplySteps(const std::vector<Step>& steps, Host* host, Journal* journal);

// From a plan that is in force to another one: only differences touch the host, but for addresses,
// routes, rules and the nft table, which come back if somebody has removed them. Hooks are not run.
// `commit` comes when all that is new is there and nothing old is gone; when it fails, or a step,
// everything is as before.
absl::Status ApplyDifference(const Plan& before, const Plan& after, Host* host, Journal* journal,
                             absl::FunctionRef<absl::Status()> commit);

// Who is told of each failure, when it happens.
using FailureReport = absl::FunctionRef<void(const absl::Status& failure)>;
void LogFailure(const absl::Status& failure);

// Undoes the entries for which `which` is true, last first, and goes on after a failure: an entry
// that failed stays in the journal, except for a hook's. The error is the first one.
absl::Status Undo(Host* host, Journal* journal,
                  absl::FunctionRef<bool(const Journal::Entry&)> which,
                  FailureReport report = LogFailure);

// What of an undo is left to do where the steps of `after` take the place of what is undone: the
// datagrams of ports that stay forwarded to the same target are not forgotten. Pure.
Action WithoutKept(const Action& undo, const std::vector<Step>& after);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_APPLY_H_
