#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_RULE_PRIORITIES_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_RULE_PRIORITIES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config/gateway_config.h"

// Where the policy rules of an interface stand among those of the host: in front of every rule that
// the host had (but that of the table `local`), and, where several interfaces have some, what is
// more special of any of them before what is less special of any other. Pure.
namespace ringwire::platform {

inline constexpr uint32_t kMainRulePriority = 32766;  // where the kernel looks the main table up
inline constexpr uint32_t kRuleSlotsMax = 32;         // below one ceiling

// The rules of an interface by their order; the first that leads anywhere counts. Rules of one turn
// have one priority and stand in the order in which they were added.
enum class RuleTurn : uint32_t {
  // Connections that have come by the tunnel.
  kReturnPath,

  // What takes the tunnel because of its source: datagrams of tunnels go on behind it all;
  kSourcesOwn,
  // then what belongs to the tunnel within a local network, what stays outside, and all the rest.
  kSourcesPeers,
  kSourcesLocal,
  kSources,
  kSourcesEnd,

  // What takes the tunnel whatever its source, in the same order.
  kEverythingOwn,
  kEverythingPeers,
  kLocalNetworks,
  kEverything,
  kEverythingRefused,  // what asks for another interface
  kEverythingEnd,
};
inline constexpr uint32_t kRuleTurns = 12;

// `ceiling`: the first priority of the host's own rules. `slot`: which of the places below it; of
// two interfaces the one with the greater slot comes first within each group of turns.
struct RulePlace {
  uint32_t ceiling = 0;
  uint32_t slot = 0;
  friend bool operator==(const RulePlace&, const RulePlace&) = default;
};

// What an interface has taken of this host's numbers.
struct Reservation {
  uint32_t mark = 0;  // of its datagrams; 0: none
  std::optional<RulePlace> place = std::nullopt;
  std::vector<PortForward> port_forwards = {};
  bool kill_switch = false;    // on this host
  uint16_t udp_port = 0;       // of its datagrams on this host; 0: unknown
  bool is_server = false;      // it knows no peer's endpoint beforehand
  std::string interface = {};  // of another one, its name
  friend bool operator==(const Reservation&, const Reservation&) = default;
};

uint32_t PriorityAt(const RulePlace& place, RuleTurn turn);
// Whether one of the turns of this place has that priority.
bool IsAt(const RulePlace& place, uint32_t priority);

// Those of `others` that answer their peers, at a port that is known.
std::vector<Reservation> ServersAmong(const std::vector<Reservation>& others);

// In front of the turns of all interfaces below this ceiling; each slot has one of its own.
uint32_t PriorityBefore(const RulePlace& place);

// `rules`: the priorities of all policy rules. `others`: the places of other interfaces, whose
// rules are among these. The new place comes before the others.
RulePlace ChooseRulePlace(std::span<const uint32_t> rules, std::span<const RulePlace> others);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_RULE_PRIORITIES_H_
