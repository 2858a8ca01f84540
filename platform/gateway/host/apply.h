#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_APPLY_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_APPLY_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/gateway/host/action_executor.h"
#include "platform/gateway/host/journal.h"
#include "platform/gateway/plan/plan.h"

// Applies plans to the host. The journal records each change before it is made.
namespace ringwire::platform {

// Applies every step in order. On a failure it undoes the steps of this call, except those for
// which `keeps` is true, and returns the error.
absl::Status ApplySteps(
    const std::vector<Step>& steps, ActionExecutor* host, Journal* journal,
    absl::FunctionRef<bool(const Journal::Entry&)> keeps = [](const Journal::Entry&) {
      return false;
    });

// Applies one step of the plan in force again. True: something was missing.
absl::StatusOr<bool> Restore(const Step& step, ActionExecutor* host, Journal* journal);

// Changes from the plan in force to another one. Only differences touch the host, except that
// addresses, routes, rules, sysctls and the nft table are restored if another program changed them.
// Runs no hooks. Calls `commit` when all new steps are applied and no old one is undone yet; if it
// or a step fails, everything is as before.
absl::Status ApplyDifference(const Plan& before, const Plan& after, ActionExecutor* host,
                             Journal* journal, absl::FunctionRef<absl::Status()> commit);

// Called for each failure, when it happens.
using FailureReport = absl::FunctionRef<void(const absl::Status& failure)>;
void LogFailure(const absl::Status& failure);

// Undoes the entries for which `which` is true, last first, and continues after a failure. A failed
// entry stays in the journal, except a hook's. Returns the first error.
absl::Status Undo(ActionExecutor* host, Journal* journal,
                  absl::FunctionRef<bool(const Journal::Entry&)> which,
                  FailureReport report = LogFailure);

// The part of an undo that is still needed if the steps of `after` replace it: conntrack keeps the
// datagrams of ports that stay forwarded to the same target. Pure.
Action WithoutKept(const Action& undo, const std::vector<Step>& after);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_APPLY_H_
