#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_BUILDER_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/gateway/plan/plan.h"

// What the planners of the single features share: each adds its steps and its rules of the nft
// table, in the order in which plan.cc calls them. Pure.
namespace ringwire::platform {

// The chains of an interface's nft table. Only those that have a rule are made.
inline constexpr NftHook kRawPrerouting{"preraw", "filter", "prerouting", -300};
// Marks come back before anybody decides on them: of chains with one priority, those of the table
// that was loaded last go first.
inline constexpr NftHook kRestorePrerouting{"prerestore", "filter", "prerouting", -151};
inline constexpr NftHook kManglePrerouting{"premangle", "filter", "prerouting", -150};
inline constexpr NftHook kMangleForward{"forwardmangle", "filter", "forward", -150};
inline constexpr NftHook kManglePostrouting{"postmangle", "filter", "postrouting", -150};
inline constexpr NftHook kDestinationNat{"destinationnat", "nat", "prerouting", -100};
inline constexpr NftHook kDestinationNatOutput{"outputnat", "nat", "output", -100};
// A packet whose source or mark is changed here looks for its route again.
inline constexpr NftHook kRouteRawOutput{"outputsource", "route", "output", -250};
inline constexpr NftHook kRouteOutput{"outputroute", "route", "output", -150};
inline constexpr NftHook kSourceNat{"sourcenat", "nat", "postrouting", 100};
inline constexpr NftHook kFilterOutput{"output", "filter", "output", 0};
inline constexpr NftHook kFilterForward{"forward", "filter", "forward", 0};

// Thread-compatible. The references must outlive it.
class PlanBuilder {
 public:
  PlanBuilder(std::string_view interface, const ConfigFile& config, const HostFacts& facts)
      : interface_(interface), config_(config), facts_(facts) {
    plan_.fwmark = config.fwmark.value_or(0);
    plan_.network_namespace = config.gateway.network_namespace;
  }

  std::string_view interface() const { return interface_; }
  const ConfigFile& config() const { return config_; }
  const HostFacts& facts() const { return facts_; }

  // `stays`: Step::stays_after_crash.
  void Add(std::optional<Action> apply, std::optional<Action> undo, bool stays = false);
  void AddRoute(const Route& route, bool stays = false);
  void AddRouteOnce(const Route& route, bool stays = false);  // unless it is planned already
  void AddRule(const Rule& rule, bool stays = false);
  // Nothing where the host has no such sysctl or it has this value; SysctlsOf has to name it.
  void AddSysctl(std::string_view path, std::string_view value);
  void Refuse(std::string text) { plan_.refusal = std::move(text); }
  void TakePorts(std::vector<PortForward> forwards) { plan_.port_forwards = std::move(forwards); }
  void Warn(std::string text) { plan_.warnings.push_back(std::move(text)); }

  // Here the nft table of all rules will be loaded, whenever they are added.
  void PlaceNftTable() { nft_place_ = plan_.steps.size(); }
  // It outlives a crash.
  void KeepNftTableAfterCrash() { nft_stays_ = true; }
  // What is done as soon as it is loaded, and undone as soon as it is gone.
  void AddBehindNftTable(Action apply, Action undo) {
    behind_nft_ = {std::move(apply), std::move(undo)};
  }
  void DeclareKillSwitch() { plan_.kill_switch = true; }
  // Chains appear by their priority, rules in the order in which they are added.
  void AddNftRule(const NftHook& hook, NftRule rule);
  void AddNftSet(NftSet set) { nft_.sets.push_back(std::move(set)); }  // for rules of any chain

  // The mark of the tunnel's own datagrams, which every UDP socket gets before the first step:
  // FwMark, the predecessor's, or the first free one (packet_marks.h).
  uint32_t OwnMark();
  uint32_t OwnTable();  // the number of the interface's own routing table
  uint32_t PriorityOf(RuleTurn turn);
  // Behind every rule that the host had, that of its main table included.
  uint32_t PriorityBehindAll() const;

  // The other tunnels whose datagrams do not take this one: those that were there before, as two
  // tunnels would carry each other in a circle, and servers, which answer by the way on which their
  // peers' datagrams come.
  std::vector<Reservation> LeftOut() const;
  // Rules that send the datagrams of these on to the rule at `end`, also the own ones if so asked;
  // with that rule.
  void LeaveOutDatagrams(IpFamily family, RuleTurn turn, RuleTurn end, bool own);

  Plan Finish();

 private:
  void KeepLocalTableFirst(IpFamily family);

  const std::string_view interface_;
  const ConfigFile& config_;
  const HostFacts& facts_;
  Plan plan_;
  size_t nft_place_ = 0;
  bool nft_stays_ = false;
  NftTable nft_;
  std::optional<std::pair<Action, Action>> behind_nft_;
  std::optional<uint32_t> own_mark_;
  bool local_first_v4_ = false;
  bool local_first_v6_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PLAN_BUILDER_H_
