#include "platform/gateway/host/apply.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/base/status_macros.h"
#include "platform/base/message_of.h"
#include "platform/gateway/host/address_order.h"
#include "platform/gateway/plan/step_index.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

bool IsHook(const Action& action) { return std::holds_alternative<action::RunHook>(action); }

// The order of undoing. It does not follow the recording, because a reload records late. Changes
// that go with the interface are left to its removal.
enum class UndoTurn : uint8_t {
  kHooksBeforeDown,
  kAroundTheInterface,
  kInterface,
  kInsideTheInterface,  // only what is left of it
  kBridge,              // without its port, which went with the interface
  kHooksAfterDown,
  kBlocks,           // late: no packet may leave meanwhile
  kForgetForwarded,  // no rule makes it anew now
  kNamespace,        // last: hooks may look into it
};

UndoTurn TurnOf(const Journal::Entry& entry) {
  if (const action::RunHook* const hook = std::get_if<action::RunHook>(&entry.undo)) {
    return hook->key == "PostDown" ? UndoTurn::kHooksAfterDown : UndoTurn::kHooksBeforeDown;
  }
  if (std::holds_alternative<action::DeleteNftTable>(entry.undo) && entry.stays_after_crash) {
    return UndoTurn::kBlocks;
  }
  if (std::holds_alternative<action::ForgetForwarded>(entry.undo)) {
    return UndoTurn::kForgetForwarded;
  }
  if (std::holds_alternative<action::DeleteNamespace>(entry.undo)) return UndoTurn::kNamespace;
  if (std::holds_alternative<action::DeleteInterface>(entry.undo)) return UndoTurn::kInterface;
  if (std::holds_alternative<action::RemoveBridge>(entry.undo)) return UndoTurn::kBridge;
  return IsBoundToInterface(entry.undo) ? UndoTurn::kInsideTheInterface
                                        : UndoTurn::kAroundTheInterface;
}

// Hooks run in the order of the file, everything else is undone last first.
bool IsUndoneBefore(const Journal::Entry& a, const Journal::Entry& b) {
  const UndoTurn turn_a = TurnOf(a);
  const UndoTurn turn_b = TurnOf(b);
  if (turn_a != turn_b) return turn_a < turn_b;
  const action::RunHook* const hook_a = std::get_if<action::RunHook>(&a.undo);
  const action::RunHook* const hook_b = std::get_if<action::RunHook>(&b.undo);
  if (hook_a != nullptr && hook_b != nullptr && hook_a->place != hook_b->place) {
    return hook_a->place < hook_b->place;
  }
  return a.id > b.id;
}

std::optional<Journal::Entry> Recorded(const Journal& journal, const Action& undo) {
  const Journal::Entry* const entry = journal.Find(undo);
  if (entry == nullptr) return std::nullopt;
  return *entry;
}

// An nft table is replaced under the same undo; whether it stays after a crash may change.
absl::Status RestateStay(const Step& step, Journal* journal) {
  if (!step.undo.has_value()) return absl::OkStatus();
  const std::optional<Journal::Entry> before = Recorded(*journal, *step.undo);
  if (!before.has_value() || before->stays_after_crash == step.stays_after_crash) {
    return absl::OkStatus();
  }
  const absl::Status status = journal->Record(*step.undo, step.stays_after_crash).status();
  return status.ok() ? journal->Forget(before->id) : status;
}

// Whether the new plan replaces a step that stays after a crash by one that does not.
bool Opens(const StepIndex& before, const Step& step) {
  return step.undo.has_value() && !step.stays_after_crash && before.HasLastingUndo(*step.undo);
}

// Steps to apply last: those that let packets out, and those about datagrams from before the rules.
bool ComesLast(const StepIndex& before, const Step& step) {
  const bool forgets =
      step.apply.has_value() && std::holds_alternative<action::ForgetUnforwarded>(*step.apply);
  return forgets || Opens(before, step);
}

bool IsInUse(const absl::Status& status, const Action& undo) {
  return absl::IsFailedPrecondition(status) &&
         std::holds_alternative<action::DeleteNamespace>(undo);
}

// Steps that may be repeated at any time and then do nothing.
bool IsRepeatable(const Action& action) {
  return std::holds_alternative<action::AddAddress>(action) ||
         std::holds_alternative<action::AddRoute>(action) ||
         std::holds_alternative<action::AddRule>(action) ||
         std::holds_alternative<action::AddBridge>(action) ||
         std::holds_alternative<action::AddVxlan>(action) ||
         std::holds_alternative<action::AddForwarding>(action);
}

// True: something changed.
absl::StatusOr<bool> ApplyStep(const Step& step, ActionExecutor* host, Journal* journal) {
  std::optional<uint64_t> id;
  const std::optional<Journal::Entry> before =
      step.undo.has_value() ? Recorded(*journal, *step.undo) : std::nullopt;
  if (before.has_value() && step.stays_after_crash) {
    RETURN_IF_ERROR(RestateStay(step, journal));
  }
  if (step.undo.has_value() && !before.has_value()) {
    ASSIGN_OR_RETURN(const uint64_t recorded, journal->Record(*step.undo, step.stays_after_crash));
    id = recorded;
  }
  if (!step.apply.has_value()) return false;
  ASSIGN_OR_RETURN(const bool changed, host->Apply(*step.apply));
  if (const action::UseNamespace* const network = std::get_if<action::UseNamespace>(&*step.apply)) {
    absl::Status recorded = journal->RecordNamespace(network->name, host->network_namespace_id());
    if (!recorded.ok()) return recorded;
  }
  // It existed before us, so we do not undo it.
  RETURN_IF_ERROR(!changed && id.has_value() ? journal->Forget(*id) : RestateStay(step, journal));
  return changed;
}

// `after`: the steps that replace the undone ones.
absl::Status UndoEntry(const Journal::Entry& entry, const std::vector<Step>& after,
                       ActionExecutor* host, Journal* journal, FailureReport report) {
  absl::Status status;
  if (!IsBoundToInterface(entry.undo) || host->interface_index() != 0) {
    status = host->Apply(WithoutKept(entry.undo, after)).status();
  }
  // A namespace in use is not removed; its entry stays for a later undo.
  if (IsInUse(status, entry.undo)) {
    spdlog::warn("{}", MessageOf(status));
    return absl::OkStatus();
  }
  if (!status.ok()) report(status);
  if (!status.ok() && !IsHook(entry.undo)) return status;
  status.Update(journal->Forget(entry.id));
  return status;
}

// Without running them.
absl::Status ForgetOtherHooks(const StepIndex& steps, Journal* journal) {
  const auto entries = journal->entries();
  for (const Journal::Entry& entry : std::vector<Journal::Entry>(entries.begin(), entries.end())) {
    if (!IsHook(entry.undo) || steps.HasUndo(entry.undo)) continue;
    absl::Status status = journal->Forget(entry.id);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Restores the steps of a plan in force that may have been affected.
absl::Status Repeat(const std::vector<Step>& steps, ActionExecutor* host, Journal* journal) {
  absl::Status status;
  for (const Step& step : steps) {
    if (step.apply.has_value() && IsRepeatable(*step.apply)) {
      status.Update(ApplyStep(step, host, journal).status());
    }
  }
  return status;
}

// Runs after the old plan is undone: with a network's first IPv4 address the kernel also removed
// its secondary addresses and their routes.
absl::Status Settle(const Plan& plan, ActionExecutor* host, Journal* journal) {
  absl::Status status = Repeat(plan.steps, host, journal);
  const absl::StatusOr<bool> moved = PutAddressesInOrder(plan.steps, host);
  status.Update(moved.status());
  if (!moved.ok() || *moved) status.Update(Repeat(plan.steps, host, journal));
  return status;
}

// Steps in force that another program may have undone, for example with `nft flush ruleset`.
bool ComesBack(const Step& step) {
  return step.apply.has_value() && (IsRepeatable(*step.apply) ||
                                    std::holds_alternative<action::ReplaceNftTable>(*step.apply) ||
                                    std::holds_alternative<action::SetSysctl>(*step.apply));
}

absl::Status ApplyNew(const StepIndex& before, const Plan& after, ActionExecutor* host,
                      Journal* journal) {
  for (const Step& step : after.steps) {
    if (step.apply.has_value() &&
        (IsHook(*step.apply) || std::holds_alternative<action::CreateInterface>(*step.apply))) {
      continue;
    }
    if (ComesLast(before, step)) continue;
    if (before.Contains(step) && !ComesBack(step)) continue;
    RETURN_IF_ERROR(ApplyStep(step, host, journal).status());
  }
  return absl::OkStatus();
}

// Completes the steps that ApplyNew deferred.
absl::Status ApplyLast(const StepIndex& before, const Plan& after, ActionExecutor* host,
                       Journal* journal) {
  absl::Status status;
  for (const Step& step : after.steps) {
    if (ComesLast(before, step)) status.Update(ApplyStep(step, host, journal).status());
  }
  return status;
}

absl::Status UndoFor(const std::vector<Step>& after, ActionExecutor* host, Journal* journal,
                     absl::FunctionRef<bool(const Journal::Entry&)> which,
                     FailureReport report = LogFailure) {
  std::vector<Journal::Entry> entries;
  for (const Journal::Entry& entry : journal->entries()) {
    if (which(entry)) entries.push_back(entry);
  }
  std::ranges::sort(entries, IsUndoneBefore);
  absl::Status first;
  for (const Journal::Entry& entry : entries) {
    const absl::Status undone = UndoEntry(entry, after, host, journal, report);
    if (undone.ok() && std::holds_alternative<action::DeleteInterface>(entry.undo)) {
      host->set_interface_index(0);
    }
    first.Update(undone);
  }
  return first;
}

}  // namespace

Action WithoutKept(const Action& undo, const std::vector<Step>& after) {
  const auto* const forgotten = std::get_if<action::ForgetForwarded>(&undo);
  if (forgotten == nullptr) return undo;
  action::ForgetForwarded rest = *forgotten;
  for (const Step& step : after) {
    const auto* const kept =
        step.undo.has_value() ? std::get_if<action::ForgetForwarded>(&*step.undo) : nullptr;
    if (kept == nullptr) continue;
    std::erase_if(rest.ports.forwards, [kept](const PortForward& forward) {
      const std::vector<PortForward>& still = kept->ports.forwards;
      return std::ranges::find(still, forward) != still.end();
    });
  }
  return rest;
}

void LogFailure(const absl::Status& failure) { spdlog::warn("{}", MessageOf(failure)); }

absl::Status Undo(ActionExecutor* host, Journal* journal,
                  absl::FunctionRef<bool(const Journal::Entry&)> which, FailureReport report) {
  return UndoFor({}, host, journal, which, report);
}

absl::StatusOr<bool> Restore(const Step& step, ActionExecutor* host, Journal* journal) {
  return ApplyStep(step, host, journal);
}

absl::Status ApplySteps(const std::vector<Step>& steps, ActionExecutor* host, Journal* journal,
                        absl::FunctionRef<bool(const Journal::Entry&)> keeps) {
  const uint64_t last_before = journal->last_id();
  for (const Step& step : steps) {
    const absl::Status status = ApplyStep(step, host, journal).status();
    if (status.ok()) continue;
    // The first failure is the reason; later ones are logged.
    [[maybe_unused]] const absl::Status undone =
        Undo(host, journal, [last_before, keeps](const Journal::Entry& entry) {
          return entry.id > last_before && !keeps(entry);
        });
    return status;
  }
  return absl::OkStatus();
}

absl::Status ApplyDifference(const Plan& before, const Plan& after, ActionExecutor* host,
                             Journal* journal, absl::FunctionRef<absl::Status()> commit) {
  const StepIndex old_steps(before.steps);
  const StepIndex new_steps(after.steps);
  absl::Status status = ApplyNew(old_steps, after, host, journal);
  if (status.ok()) status = commit();
  if (!status.ok()) {
    status.Update(UndoFor(before.steps, host, journal, [&old_steps](const Journal::Entry& entry) {
      return !IsHook(entry.undo) && !old_steps.HasUndo(entry.undo);
    }));
    status.Update(ForgetOtherHooks(old_steps, journal));
    // Also the MTU and tables, which have no undo of their own or share it with their successor;
    // and what is in both plans, as it may have gone along with something that was not to stay.
    for (const Step& step : before.steps) {
      if (!step.apply.has_value() || IsHook(*step.apply) ||
          std::holds_alternative<action::CreateInterface>(*step.apply) ||
          (new_steps.Contains(step) && !IsRepeatable(*step.apply))) {
        continue;
      }
      absl::Status again = host->Apply(*step.apply).status();
      again.Update(RestateStay(step, journal));
      if (!again.ok()) spdlog::warn("{}", MessageOf(again));
    }
    return status;
  }
  const absl::Status opened = ApplyLast(old_steps, after, host, journal);
  if (!opened.ok()) spdlog::warn("{}", MessageOf(opened));
  const absl::Status removed =
      UndoFor(after.steps, host, journal, [&new_steps](const Journal::Entry& entry) {
        return !IsHook(entry.undo) && !new_steps.HasUndo(entry.undo);
      });
  const absl::Status forgotten = ForgetOtherHooks(new_steps, journal);
  if (!forgotten.ok()) spdlog::warn("{}", MessageOf(forgotten));
  const absl::Status settled = Settle(after, host, journal);
  if (!settled.ok()) spdlog::warn("{}", MessageOf(settled));
  return absl::OkStatus();
}

}  // namespace ringwire::platform
