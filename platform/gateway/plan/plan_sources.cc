#include "platform/gateway/plan/plan_sources.h"

#include <algorithm>
#include <string_view>

#include "fmt/format.h"
#include "platform/gateway/plan/plan_full_tunnel.h"

namespace ringwire::platform {
namespace {

// Of one family: a rule for each pair of a source and a local network.
constexpr size_t kLocalRulesMax = 512;

// The sources of one family and where the tunnel leads them.
class SourcePlanner {
 public:
  SourcePlanner(IpFamily family, const std::vector<Prefix>& allowed, PlanBuilder* builder)
      : family_(family), builder_(builder) {
    const RouteTable& table = builder->config().table;
    table_ = table.kind == RouteTable::Kind::kNumber ? table.number : builder->OwnTable();
    for (const Prefix& prefix : allowed) {
      if (prefix.address.family == family) allowed_.push_back(prefix);
    }
    for (const Prefix& source : builder->config().gateway.route_from) {
      if (source.address.family == family) sources_.push_back(source);
    }
  }

  void Plan();

 private:
  void AddRoutes();
  void AddLocalNetworks();
  // The longer one of two prefixes counts, as if all of them were in one table.
  void AddLocalNetwork(const Prefix& network);

  const IpFamily family_;
  PlanBuilder* const builder_;
  uint32_t table_;
  std::vector<Prefix> allowed_;
  std::vector<Prefix> sources_;
};

void SourcePlanner::Plan() {
  if (sources_.empty() || allowed_.empty()) return;
  if (family_ == IpFamily::kV4) builder_->AddSysctl(kSourceValidMark, "1");
  AddRoutes();
  builder_->LeaveOutDatagrams(family_, RuleTurn::kSourcesOwn, RuleTurn::kSourcesEnd, /*own=*/true);
  AddLocalNetworks();
  for (const Prefix& source : sources_) {
    Rule rule{family_, builder_->PriorityOf(RuleTurn::kSources), table_};
    rule.source = source;
    builder_->AddRule(rule, /*stays=*/true);
  }
}

// What fails closed comes first.
void SourcePlanner::AddRoutes() {
  for (const Prefix& prefix : allowed_) {
    builder_->AddRouteOnce({Route::Type::kUnreachable, prefix, table_, kGreatestMetric},
                           /*stays=*/true);
    builder_->AddRoute({Route::Type::kInterface, prefix, table_, 0});
  }
}

void SourcePlanner::AddLocalNetworks() {
  const LocalNetworks& local = builder_->facts().local_networks;
  size_t left = std::max<size_t>(kLocalRulesMax / sources_.size(), 1);
  size_t omitted = local.omitted;
  for (const LocalNetwork& network : local.networks) {
    if (network.prefix.address.family != family_) continue;
    const bool covered = std::ranges::any_of(allowed_, [&network](const Prefix& prefix) {
      return prefix.length < network.prefix.length && network.prefix.IsWithin(prefix);
    });
    if (!covered) continue;
    if (left == 0) {
      ++omitted;
      continue;
    }
    --left;
    AddLocalNetwork(network.prefix);
  }
  if (omitted > 0) {
    builder_->Warn(fmt::format(
        "for the sources of RouteFrom {} of the local networks are behind the tunnel, as there "
        "are too many",
        omitted));
  }
}

void SourcePlanner::AddLocalNetwork(const Prefix& network) {
  for (const Prefix& prefix : allowed_) {
    if (!prefix.IsWithin(network)) continue;
    for (const Prefix& source : sources_) {
      Rule rule{family_, builder_->PriorityOf(RuleTurn::kSourcesPeers), table_};
      rule.source = source;
      rule.destination = prefix;
      builder_->AddRule(rule, /*stays=*/true);
    }
  }
  for (const Prefix& source : sources_) {
    Rule rule = LocalRule(network, builder_->PriorityOf(RuleTurn::kSourcesLocal));
    rule.source = source;
    builder_->AddRule(rule, /*stays=*/true);
  }
}

}  // namespace

void PlanSources(const std::vector<Prefix>& allowed, PlanBuilder* builder) {
  // Sources may be addresses that the tunnel's own datagrams are sent from.
  AddMarkFilter(builder);
  const bool takes_all =
      std::ranges::any_of(allowed, [](const Prefix& prefix) { return prefix.length == 0; });
  if (takes_all) AddForgeryFilter(builder);
  SourcePlanner(IpFamily::kV4, allowed, builder).Plan();
  SourcePlanner(IpFamily::kV6, allowed, builder).Plan();
}

}  // namespace ringwire::platform
