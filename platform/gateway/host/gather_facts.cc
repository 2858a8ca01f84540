#include "platform/gateway/host/gather_facts.h"

#include <algorithm>
#include <variant>

#include "platform/gateway/host/facts.h"
#include "platform/gateway/plan/plan_kill_switch.h"

namespace ringwire::platform {
namespace {

// The nft table of a kill switch, which blocks packets while no process serves the interface.
bool HoldsKillSwitch(const Journal& journal) {
  return std::ranges::any_of(journal.entries(), [](const Journal::Entry& entry) {
    return std::holds_alternative<action::DeleteNftTable>(entry.undo) && entry.stays_after_crash;
  });
}

}  // namespace

absl::StatusOr<HostFacts> GatherFacts(std::string_view interface, const ConfigFile& config,
                                      const Journal& own, const std::string& folder) {
  absl::StatusOr<HostFacts> facts = ReadHostFacts(interface, config);
  if (!facts.ok()) return facts;
  AddJournalFacts(interface, own, folder, &*facts);
  return facts;
}

void AddJournalFacts(std::string_view interface, const Journal& own, const std::string& folder,
                     HostFacts* facts) {
  facts->others = Journal::ReservationsOfOthers(folder, interface, CurrentNetworkId());
  facts->switches = SwitchesAmong(facts->others);
  facts->servers = ServersAmong(facts->others);
  facts->predecessor = own.reservation();
  facts->predecessor_kill_switch = HoldsKillSwitch(own);
}

}  // namespace ringwire::platform
