#include "platform/gateway/plan/plan_return_path.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "platform/gateway/firewall/nft_connection.h"
#include "platform/gateway/firewall/nft_packet.h"
#include "platform/gateway/plan/packet_marks.h"
#include "platform/gateway/plan/plan_forward.h"

namespace ringwire::platform {
namespace {

struct Marks {
  uint32_t answer;     // of connections that have come by the tunnel
  uint32_t own_route;  // of packets that are to find a way without this plan's last resort
};

Marks MarksOf(PlanBuilder* builder) {
  return {AnswerMark(builder), OwnRouteMark(builder->OwnMark())};
}

// Only replies get the mark. A packet from the tunnel that continues to a network behind this host
// follows the host's own routes.
void AddFilter(const Marks& marks, PlanBuilder* builder) {
  const std::string_view interface = builder->interface();
  builder->AddNftRule(kManglePrerouting,
                      {{Arrives(interface), IsRequest(), MarkConnection(marks.answer)}});
  // A reply to a packet without a connection cannot be told from other traffic: it would leave by
  // the main table. Such packets are welcome only where that table leads into the tunnel, too.
  builder->AddNftRule(kManglePrerouting, {{Arrives(interface), HasNoConnection(),
                                           SourceIsNotBehind(interface), Drop()}});
  // Others give every datagram its connection's mark, the requests too.
  builder->AddNftRule(kManglePrerouting, {{Arrives(interface), MarkIs(marks.answer), SetMark(0)}});
  builder->AddNftRule(kManglePrerouting, {{ArrivesElsewhere(interface), IsAnswer(),
                                           ConnectionMarkIs(marks.answer), SetMark(marks.answer)}});
  builder->AddNftRule(kRouteOutput,
                      {{IsAnswer(), ConnectionMarkIs(marks.answer), SetMark(marks.answer)}});
  builder->AddNftRule(
      kRouteOutput, {{Leaves(interface), BeginsConnection(), MarkIs(0), SetMark(marks.own_route)}});
  // Rules of another program may have changed the mark since.
  builder->AddNftRule(kManglePostrouting, {{LeavesElsewhere(interface), IsAnswer(),
                                            ConnectionMarkIs(marks.answer), Drop()}});
}

// A UDP service that is bound to no address replies from the address that the main routing table
// prefers, unless it takes care. The client would not know that address, and the reply would leave
// outside of the tunnel. So these rules write the asked address into the reply, before conntrack
// looks up its connection. A reply does not say which question it is for: if a client asks several
// addresses from one port, the last one counts. Sockets with an address of their own need no help.
//
// A full set cannot remember another client, so its question is dropped: the reply would leave
// unchanged.
void AddSources(PlanBuilder* builder) {
  size_t count = 0;
  for (const InterfaceAddress& own : builder->config().addresses) {
    const IpAddress& address = own.address;
    NftSet set{fmt::format("clients{}", count++), address.family};
    builder->AddNftRule(kManglePrerouting,
                        {{Arrives(builder->interface()), DestinationIs(address), Remember(set)}});
    builder->AddNftRule(kManglePrerouting, {{Arrives(builder->interface()), DestinationIs(address),
                                             IsFromUnremembered(set), Drop()}});
    builder->AddNftRule(
        kManglePrerouting,
        {{IsFromRemembered(set), DestinationIsNotIn(Prefix::Of(address, address.Bits())),
          DestinationIsLocal(), Forget(set)}});
    builder->AddNftRule(kRouteRawOutput, {{MarkIsNot(builder->OwnMark()), IsToRemembered(set),
                                           IsOfUnboundSocket(), SetSource(address)}});
    builder->AddNftSet(std::move(set));
  }
}

// A program cannot even try to answer where no route leads to the client, as the packet is marked
// only once it has a route. So there is one behind all others, which is not for packets that begin
// a connection: those look for their way again without it.
void AddPolicy(IpFamily family, const Marks& marks, PlanBuilder* builder) {
  const Prefix all = Prefix::Of(IpAddress{family, {}}, 0);
  const uint32_t table = builder->OwnTable();
  builder->AddRouteOnce({Route::Type::kInterface, all, table, 0});
  Rule last{family, builder->PriorityBehindAll(), table};
  last.unless_mark = marks.own_route;
  builder->AddRule(last);
}

// Of those families in which there may be clients.
std::vector<IpFamily> FamiliesOf(const PlanBuilder& builder) {
  const std::vector<Prefix> allowed = AllowedPrefixes(builder.config());
  std::vector<IpFamily> families;
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    if (family == IpFamily::kV6 && !builder.facts().has_ipv6) continue;
    if (std::ranges::any_of(
            allowed, [family](const Prefix& prefix) { return prefix.address.family == family; })) {
      families.push_back(family);
    }
  }
  return families;
}

// Whether the kernel looks at the way back on any interface but the tunnel's, or will on a new one.
bool IsStrictAnywhere(const PlanBuilder& builder) {
  const std::string own = fmt::format("/{}/rp_filter", builder.interface());
  return std::ranges::any_of(builder.facts().sysctls, [&own](const auto& setting) {
    const auto& [path, value] = setting;
    return path.ends_with("/rp_filter") && !path.ends_with(own) && value == "1";
  });
}

}  // namespace

void AddSysctlsOfReturnPath(std::vector<std::string>* paths) {
  paths->emplace_back("net/ipv4/conf/*/rp_filter");
}

uint32_t AnswerMark(PlanBuilder* builder) { return ReplyMark(builder->OwnMark()); }

void CloseReturnPath(PlanBuilder* builder) {
  if (!builder->config().gateway.return_path) return;
  for (const IpFamily family : FamiliesOf(*builder)) {
    const Prefix all = Prefix::Of(IpAddress{family, {}}, 0);
    const uint32_t table = builder->OwnTable();
    builder->AddRoute({Route::Type::kUnreachable, all, table, kGreatestMetric}, /*stays=*/true);
    Rule answers{family, builder->PriorityOf(RuleTurn::kReturnPath), table};
    answers.if_mark = AnswerMark(builder);
    builder->AddRule(answers, /*stays=*/true);
  }
}

void PlanReturnPath(PlanBuilder* builder) {
  if (!builder->config().gateway.return_path) return;
  const Marks marks = MarksOf(builder);
  AddFilter(marks, builder);
  AddSources(builder);
  builder->KeepNftTableAfterCrash();
  // Sources are public addresses, to which other routes lead.
  if (!builder->config().gateway.forward) LoosenReversePath(builder);
  // Answers of hosts behind this one carry the mark when the kernel looks at the way back to them,
  // by which it sees the tunnel (with src_valid_mark, which a full tunnel sets). Of this setting
  // and an interface's own the greater one counts, also for an interface that is yet to come.
  if (IsStrictAnywhere(*builder)) builder->AddSysctl(kReversePathOfAll, "2");
  for (const IpFamily family : FamiliesOf(*builder)) AddPolicy(family, marks, builder);
}

}  // namespace ringwire::platform
