#include "platform/gateway/plan/plan_builder.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "platform/gateway/plan/packet_marks.h"

namespace ringwire::platform {

void PlanBuilder::Add(std::optional<Action> apply, std::optional<Action> undo, bool stays) {
  plan_.steps.push_back({std::move(apply), std::move(undo), stays});
}

void PlanBuilder::AddRoute(const Route& route, bool stays) {
  Add(action::AddRoute{route}, action::RemoveRoute{route}, stays);
}

void PlanBuilder::AddRouteOnce(const Route& route, bool stays) {
  const Action action = action::AddRoute{route};
  if (std::ranges::find(plan_.steps, action, &Step::apply) == plan_.steps.end()) {
    AddRoute(route, stays);
  }
}

void PlanBuilder::AddRule(const Rule& rule, bool stays) {
  KeepLocalTableFirst(rule.family);
  Add(action::AddRule{rule}, action::RemoveRule{rule}, stays);
}

void PlanBuilder::AddSysctl(std::string_view path, std::string_view value) {
  const auto now = facts_.sysctls.find(path);
  if (now == facts_.sysctls.end() || now->second == value) return;
  const std::string wanted(value);
  Add(action::SetSysctl{now->first, wanted, std::nullopt},
      action::SetSysctl{now->first, now->second, wanted});
}

void PlanBuilder::AddNftRule(const NftHook& hook, NftRule rule) {
  const auto less = [](const NftChain& chain, const NftHook& other) {
    return std::pair(chain.hook.priority, chain.hook.chain) <
           std::pair(other.priority, other.chain);
  };
  auto chain = std::lower_bound(nft_.chains.begin(), nft_.chains.end(), hook, less);
  if (chain == nft_.chains.end() || chain->hook != hook) {
    chain = nft_.chains.insert(chain, NftChain{hook, {}});
  }
  chain->rules.push_back(std::move(rule));
}

uint32_t PlanBuilder::OwnMark() {
  if (own_mark_.has_value()) return *own_mark_;
  uint32_t mark = plan_.fwmark;
  if (mark == 0) mark = facts_.predecessor.mark;
  if (mark == 0) {
    std::vector<uint32_t> taken = facts_.tables_in_use;
    for (const Reservation& other : facts_.others) taken.push_back(other.mark);
    mark = ChooseMark(taken);
  }
  own_mark_ = mark;
  // Sockets outside of the namespace in which the mark means something do without.
  if (plan_.network_namespace.empty()) plan_.fwmark = mark;
  plan_.marks_questions = true;
  return mark;
}

uint32_t PlanBuilder::PriorityOf(RuleTurn turn) {
  if (!plan_.place.has_value()) plan_.place = facts_.predecessor.place;
  if (!plan_.place.has_value()) {
    std::vector<RulePlace> others;
    for (const Reservation& other : facts_.others) {
      if (other.place.has_value()) others.push_back(*other.place);
    }
    // The rule for the table `local` is no ceiling, wherever it stands.
    std::vector<uint32_t> rules;
    std::ranges::copy_if(facts_.rule_priorities, std::back_inserter(rules), [this](uint32_t one) {
      return std::ranges::find(facts_.local_rules, one) == facts_.local_rules.end();
    });
    plan_.place = ChooseRulePlace(rules, others);
  }
  return PriorityAt(*plan_.place, turn);
}

// The host's own addresses stay its own: where its rule for the table `local` is not in front of
// ours, a rule of ours looks there first.
void PlanBuilder::KeepLocalTableFirst(IpFamily family) {
  bool& is_done = family == IpFamily::kV4 ? local_first_v4_ : local_first_v6_;
  if (std::exchange(is_done, true) || facts_.local_rules.empty()) return;
  PriorityOf(RuleTurn::kReturnPath);  // chooses the place
  const uint32_t before = PriorityBefore(*plan_.place);
  if (std::ranges::max(facts_.local_rules) < before) return;
  const Rule rule{family, before, kLocalTable};
  Add(action::AddRule{rule}, action::RemoveRule{rule}, /*stays=*/true);
}

uint32_t PlanBuilder::OwnTable() {
  const uint32_t mark = OwnMark();
  return config_.fwmark.value_or(0) == mark ? mark : TableOfMark(mark);
}

std::vector<Reservation> PlanBuilder::LeftOut() const {
  std::vector<Reservation> left_out = facts_.others;
  for (const Reservation& server : facts_.servers) {
    if (std::ranges::find(left_out, server.interface, &Reservation::interface) == left_out.end()) {
      left_out.push_back(server);
    }
  }
  return left_out;
}

void PlanBuilder::LeaveOutDatagrams(IpFamily family, RuleTurn turn, RuleTurn end, bool own) {
  std::vector<uint32_t> marks;
  std::vector<uint16_t> ports;
  if (own) marks.push_back(OwnMark());
  for (const Reservation& other : LeftOut()) {
    if (other.mark != 0 && other.mark != OwnMark()) marks.push_back(other.mark);
    if (other.mark == 0 && other.udp_port != 0) ports.push_back(other.udp_port);
  }
  if (marks.empty() && ports.empty()) return;
  AddRule({.family = family, .priority = PriorityOf(end)}, /*stays=*/true);
  for (const uint16_t port : ports) {
    Rule rule{.family = family, .priority = PriorityOf(turn)};
    rule.own_udp_port = port;
    rule.go_to = PriorityOf(end);
    AddRule(rule, /*stays=*/true);
  }
  for (const uint32_t mark : marks) {
    Rule rule{.family = family, .priority = PriorityOf(turn)};
    rule.if_mark = mark;
    rule.go_to = PriorityOf(end);
    AddRule(rule, /*stays=*/true);
  }
}

uint32_t PlanBuilder::PriorityBehindAll() const {
  uint32_t last = kMainRulePriority + 1;  // where the kernel looks the table `default` up
  for (const uint32_t used : facts_.rule_priorities) last = std::max(last, used);
  return last == UINT32_MAX ? last : last + 1;
}

Plan PlanBuilder::Finish() {
  if (!nft_.chains.empty()) {
    nft_.name = NftTableName(interface_);
    if (!facts_.has_nft && plan_.refusal.empty()) {
      Refuse(fmt::format(
          "cannot load the nft table {}: this host has no `nft`; install the package `nftables`",
          nft_.name));
    }
    std::vector<Step> steps = {
        {action::ReplaceNftTable{nft_}, action::DeleteNftTable{nft_.name}, nft_stays_}};
    if (behind_nft_.has_value()) {
      steps.insert(steps.begin(), {std::nullopt, behind_nft_->second});
      steps.push_back({behind_nft_->first, std::nullopt});
    }
    // What a predecessor keeps in stays in until all else is done, but for a new switch.
    const bool opens = facts_.predecessor_kill_switch && !config_.gateway.kill_switch.on;
    if (opens) nft_place_ = plan_.steps.size();
    plan_.steps.insert(plan_.steps.begin() + static_cast<std::ptrdiff_t>(nft_place_), steps.begin(),
                       steps.end());
  }
  return std::move(plan_);
}

}  // namespace ringwire::platform
