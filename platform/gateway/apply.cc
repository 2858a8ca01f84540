#include "platform/gateway/apply.h"

#include <algorithm>
#include <optional>

#include "platform/base/message_of.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

bool IsHook(const Action& action) { return std::holds_alternative<RunHook>(action); }

// Undoing goes through these in turn, whatever was recorded when: a reload comes late. Rules that
// keep packets in are the last to go, so that nothing leaves while the rest does.
int UndoTurn(const Journal::Entry& entry) {
  if (const RunHook* const hook = std::get_if<RunHook>(&entry.undo))
    return hook->key == "PostDown" ? 3 : 0;
  if (std::holds_alternative<DeleteNftTable>(entry.undo) && entry.stays_after_crash) return 4;
  if (std::holds_alternative<ForgetForwarded>(entry.undo)) return 5;  // no rule makes it anew
  if (std::holds_alternative<DeleteNamespace>(entry.undo)) return 6;  // hooks may look into it
  return std::holds_alternative<DeleteInterface>(entry.undo) ? 2 : 1;
}

// Hooks come in the order of the file, everything else last first.
bool IsUndoneBefore(const Journal::Entry& a, const Journal::Entry& b) {
  const int turn_a = UndoTurn(a);
  const int turn_b = UndoTurn(b);
  if (turn_a != turn_b) return turn_a < turn_b;
  const RunHook* const hook_a = std::get_if<RunHook>(&a.undo);
  const RunHook* const hook_b = std::get_if<RunHook>(&b.undo);
  if (hook_a != nullptr && hook_b != nullptr && hook_a->place != hook_b->place) {
    return hook_a->place < hook_b->place;
  }
  return a.id > b.id;
}

bool Contains(const std::vector<Step>& steps, const Step& step) {
  return std::ranges::find(steps, step) != steps.end();
}

bool Undoes(const std::vector<Step>& steps, const Action& undo) {
  return std::ranges::any_of(steps, [&undo](const Step& step) { return step.undo == undo; });
}

std::optional<Journal::Entry> Recorded(const Journal& journal, const Action& undo) {
  const auto entry = std::ranges::find(journal.entries(), undo, &Journal::Entry::undo);
  if (entry == journal.entries().end()) return std::nullopt;
  return *entry;
}

// An nft table is replaced under the same undo, and may stay after a crash from now on, or no
// longer.
absl::Status RestateStay(const Step& step, Journal* journal) {
  if (!step.undo.has_value()) return absl::OkStatus();
  const std::optional<Journal::Entry> before = Recorded(*journal, *step.undo);
  if (!before.has_value() || before->stays_after_crash == step.stays_after_crash) {
    return absl::OkStatus();
  }
  const absl::Status status = journal->Record(*step.undo, step.stays_after_crash).status();
  return status.ok() ? journal->Forget(before->id) : status;
}

// Whether what stays after a crash by the plan in force gives way to what does not.
bool Opens(const std::vector<Step>& before, const Step& step) {
  return step.undo.has_value() && !step.stays_after_crash &&
         std::ranges::any_of(before, [&step](const Step& old) {
           return old.stays_after_crash && old.undo == step.undo;
         });
}

// Comes when all else is done: what opens, and what looks at what came before the rules.
bool ComesLast(const std::vector<Step>& before, const Step& step) {
  const bool forgets =
      step.apply.has_value() && std::holds_alternative<ForgetUnforwarded>(*step.apply);
  return forgets || Opens(before, step);
}

bool IsInUse(const absl::Status& status, const Action& undo) {
  return absl::IsFailedPrecondition(status) && std::holds_alternative<DeleteNamespace>(undo);
}

// What can be said again at any time, and does nothing where it is so.
bool IsRepeatable(const Action& action) {
  return std::holds_alternative<AddAddress>(action) || std::holds_alternative<AddRoute>(action) ||
         std::holds_alternative<AddRule>(action);
}

absl::Status ApplyStep(const Step& step, Host* host, Journal* journal) {
  std::optional<uint64_t> id;
  const std::optional<Journal::Entry> before =
      step.undo.has_value() ? Recorded(*journal, *step.undo) : std::nullopt;
  if (before.has_value() && step.stays_after_crash) {
    const absl::Status restated = RestateStay(step, journal);
    if (!restated.ok()) return restated;
  }
  if (step.undo.has_value() && !before.has_value()) {
    const absl::StatusOr<uint64_t> recorded = journal->Record(*step.undo, step.stays_after_crash);
    if (!recorded.ok()) return recorded.status();
    id = *recorded;
  }
  if (!step.apply.has_value()) return absl::OkStatus();
  const absl::StatusOr<bool> changed = host->Apply(*step.apply);
  if (!changed.ok()) return changed.status();
  if (const UseNamespace* const network = std::get_if<UseNamespace>(&*step.apply)) {
    absl::Status recorded = journal->RecordNamespace(network->name, host->network_namespace_id());
    if (!recorded.ok()) return recorded;
  }
  // It was so before us, so it is not ours to undo.
  if (!*changed && id.has_value()) return journal->Forget(*id);
  return RestateStay(step, journal);
}

// `after`: the steps of what takes the place of what is undone.
absl::Status UndoEntry(const Journal::Entry& entry, const std::vector<Step>& after, Host* host,
                       Journal* journal, FailureReport report) {
  absl::Status status;
  if (!IsBoundToInterface(entry.undo) || host->interface_index() != 0) {
    status = host->Apply(WithoutKept(entry.undo, after)).status();
  }
  // A namespace in use is not removed from under its programs; the entry stays for another time.
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
absl::Status ForgetOtherHooks(const Plan& plan, Journal* journal) {
  for (const Journal::Entry& entry : std::vector<Journal::Entry>(journal->entries())) {
    if (!IsHook(entry.undo) || Undoes(plan.steps, entry.undo)) continue;
    absl::Status status = journal->Forget(entry.id);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Brings back what of a plan in force may have been touched.
absl::Status Repeat(const std::vector<Step>& steps, Host* host) {
  absl::Status status;
  for (const Step& step : steps) {
    if (step.apply.has_value() && IsRepeatable(*step.apply)) {
      status.Update(host->Apply(*step.apply).status());
    }
  }
  return status;
}

std::vector<InterfaceAddress> AddressesOf(const Plan& plan, IpFamily family) {
  std::vector<InterfaceAddress> addresses;
  for (const Step& step : plan.steps) {
    const auto* const add =
        step.apply.has_value() ? std::get_if<AddAddress>(&*step.apply) : nullptr;
    if (add != nullptr && add->address.address.family == family) addresses.push_back(add->address);
  }
  return addresses;
}

// Of several addresses that would do, the kernel takes the source of a packet by the order in which
// they came; so those from the first difference on go, and come once more. Meanwhile another one
// (the dummy address of RFC 7600) holds the place, as with its last IPv4 address the interface
// would lose its routes.
absl::Status OrderAddresses(const Plan& before, const Plan& after, Host* host) {
  const InterfaceAddress placeholder = *InterfaceAddress::Parse("192.0.0.8/32");
  absl::Status status;
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const std::vector<InterfaceAddress> had = AddressesOf(before, family);
    const std::vector<InterfaceAddress> wanted = AddressesOf(after, family);
    const auto [first, other] = std::ranges::mismatch(wanted, had);
    // What is only added at the end has been added there.
    if (other == had.end() || wanted.end() - first < 2) continue;
    const bool is_v4 = family == IpFamily::kV4;
    if (is_v4) status.Update(host->Apply(AddAddress{placeholder}).status());
    for (auto next = first; next != wanted.end(); ++next) {
      status.Update(host->Apply(RemoveAddress{*next}).status());
    }
    for (auto next = first; next != wanted.end(); ++next) {
      status.Update(host->Apply(AddAddress{*next}).status());
    }
    if (is_v4) status.Update(host->Apply(RemoveAddress{placeholder}).status());
  }
  return status;
}

// Of what is in force already: what somebody may have removed, as by `nft flush ruleset`.
bool ComesBack(const Step& step) {
  return step.apply.has_value() &&
         (IsRepeatable(*step.apply) || std::holds_alternative<ReplaceNftTable>(*step.apply));
}

absl::Status ApplyNew(const Plan& before, const Plan& after, Host* host, Journal* journal) {
  for (const Step& step : after.steps) {
    if (step.apply.has_value() &&
        (IsHook(*step.apply) || std::holds_alternative<CreateInterface>(*step.apply))) {
      continue;
    }
    const bool known = Contains(before.steps, step);
    if (ComesLast(before.steps, step)) continue;
    if (known && !ComesBack(step)) continue;
    const absl::Status status = ApplyStep(step, host, journal);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// The counterpart of what ApplyNew has left to this.
absl::Status ApplyLast(const Plan& before, const Plan& after, Host* host, Journal* journal) {
  absl::Status status;
  for (const Step& step : after.steps) {
    if (ComesLast(before.steps, step)) status.Update(ApplyStep(step, host, journal));
  }
  return status;
}

absl::Status UndoFor(const std::vector<Step>& after, Host* host, Journal* journal,
                     absl::FunctionRef<bool(const Journal::Entry&)> which,
                     FailureReport report = LogFailure) {
  std::vector<Journal::Entry> entries;
  for (const Journal::Entry& entry : journal->entries()) {
    if (which(entry)) entries.push_back(entry);
  }
  std::ranges::sort(entries, IsUndoneBefore);
  absl::Status first;
  for (const Journal::Entry& entry : entries) {
    first.Update(UndoEntry(entry, after, host, journal, report));
    if (std::holds_alternative<DeleteInterface>(entry.undo)) host->set_interface_index(0);
  }
  return first;
}

}  // namespace

Action WithoutKept(const Action& undo, const std::vector<Step>& after) {
  const auto* const forgotten = std::get_if<ForgetForwarded>(&undo);
  if (forgotten == nullptr) return undo;
  ForgetForwarded rest = *forgotten;
  for (const Step& step : after) {
    const auto* const kept =
        step.undo.has_value() ? std::get_if<ForgetForwarded>(&*step.undo) : nullptr;
    if (kept == nullptr) continue;
    std::erase_if(rest.ports.forwards, [kept](const PortForward& forward) {
      const std::vector<PortForward>& still = kept->ports.forwards;
      return std::ranges::find(still, forward) != still.end();
    });
  }
  return rest;
}

void LogFailure(const absl::Status& failure) { spdlog::warn("{}", MessageOf(failure)); }

absl::Status Undo(Host* host, Journal* journal,
                  absl::FunctionRef<bool(const Journal::Entry&)> which, FailureReport report) {
  return UndoFor({}, host, journal, which, report);
}

absl::Status ApplySteps(const std::vector<Step>& steps, Host* host, Journal* journal) {
  const uint64_t last_before = journal->last_id();
  for (const Step& step : steps) {
    const absl::Status status = ApplyStep(step, host, journal);
    if (status.ok()) continue;
    // The first failure is the reason; what goes wrong from here on is logged.
    [[maybe_unused]] const absl::Status undone =
        Undo(host, journal,
             [last_before](const Journal::Entry& entry) { return entry.id > last_before; });
    return status;
  }
  return absl::OkStatus();
}

absl::Status ApplyDifference(const Plan& before, const Plan& after, Host* host, Journal* journal,
                             absl::FunctionRef<absl::Status()> commit) {
  absl::Status status = ApplyNew(before, after, host, journal);
  if (status.ok()) status = commit();
  if (!status.ok()) {
    status.Update(UndoFor(before.steps, host, journal, [&before](const Journal::Entry& entry) {
      return !IsHook(entry.undo) && !Undoes(before.steps, entry.undo);
    }));
    status.Update(ForgetOtherHooks(before, journal));
    // Also the MTU and tables, which have no undo of their own or share it with their successor;
    // and what is in both plans, as it may have gone along with something that was not to stay.
    for (const Step& step : before.steps) {
      if (!step.apply.has_value() || IsHook(*step.apply) ||
          std::holds_alternative<CreateInterface>(*step.apply) ||
          (Contains(after.steps, step) && !IsRepeatable(*step.apply))) {
        continue;
      }
      absl::Status again = host->Apply(*step.apply).status();
      again.Update(RestateStay(step, journal));
      if (!again.ok()) spdlog::warn("{}", MessageOf(again));
    }
    return status;
  }
  const absl::Status opened = ApplyLast(before, after, host, journal);
  if (!opened.ok()) spdlog::warn("{}", MessageOf(opened));
  const absl::Status removed =
      UndoFor(after.steps, host, journal, [&after](const Journal::Entry& entry) {
        return !IsHook(entry.undo) && !Undoes(after.steps, entry.undo);
      });
  const absl::Status forgotten = ForgetOtherHooks(after, journal);
  if (!forgotten.ok()) return forgotten;
  // With the first IPv4 address of a network the kernel removes the others, and their routes.
  absl::Status repeated = OrderAddresses(before, after, host);
  repeated.Update(Repeat(after.steps, host));
  if (!repeated.ok()) spdlog::warn("{}", MessageOf(repeated));
  return absl::OkStatus();
}

}  // namespace ringwire::platform
