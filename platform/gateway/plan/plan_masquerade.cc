#include "platform/gateway/plan/plan_masquerade.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/config/number_text.h"
#include "platform/gateway/firewall/nft_connection.h"
#include "platform/gateway/firewall/nft_packet.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kChosenPorts = "net/ipv4/ip_local_port_range";
constexpr PortRange kChosenByDefault = {32768, 60999};

// The kernel translates a source port to one of the same range.
constexpr std::array<PortRange, 3> kKernelRanges = {{{1, 511}, {512, 1023}, {1024, 65535}}};
// A pool that is smaller than one part in this many of its range is not used.
constexpr uint32_t kLeastPart = 8;

// From `first` up to, but without, `end`.
struct Span {
  uint32_t first;
  uint32_t end;
  uint32_t count() const { return end - first; }
  PortRange ports() const { return {static_cast<uint16_t>(first), static_cast<uint16_t>(end - 1)}; }
};

void AddBeside(const PortRange& range, const PortRange& own, std::vector<SourcePorts>* rules) {
  const uint32_t end = uint32_t{range.last} + 1;
  const Span taken{std::clamp<uint32_t>(own.first, range.first, end),
                   std::clamp<uint32_t>(uint32_t{own.last} + 1, range.first, end)};
  const Span below{range.first, taken.first};
  const Span above{taken.end, end};
  const Span& larger = below.count() > above.count() ? below : above;
  if (taken.count() == 0 || larger.count() == 0) return;
  const auto pool = [&](const Span& part) {
    return part.count() * kLeastPart >= range.count() ? part : larger;
  };
  for (const auto& [from, to] :
       {std::pair(below, pool(below)), std::pair(taken, larger), std::pair(above, pool(above))}) {
    if (from.count() == 0) continue;
    const bool extends = !rules->empty() && rules->back().to == to.ports();
    if (extends) {
      rules->back().from.last = from.ports().last;
    } else {
      rules->push_back({from.ports(), to.ports()});
    }
  }
}

// `text` as in the sysctl: two numbers.
PortRange ChosenPorts(std::string_view text) {
  const size_t first_end = text.find_first_of(" \t");
  const size_t last_begin = text.find_last_of(" \t");
  if (first_end == std::string_view::npos) return kChosenByDefault;
  const auto first = ParseNumber(text.substr(0, first_end), UINT16_MAX);
  const auto last = ParseNumber(text.substr(last_begin + 1), UINT16_MAX);
  if (first.value_or(0) == 0 || last.value_or(0) < *first) return kChosenByDefault;
  return {static_cast<uint16_t>(*first), static_cast<uint16_t>(*last)};
}

PortRange OwnPorts(const PlanBuilder& builder) {
  const uint16_t port = builder.config().listen_port.value_or(0);
  if (port != 0) return {port, port};
  const auto& sysctls = builder.facts().sysctls;
  const auto chosen = sysctls.find(kChosenPorts);
  return chosen == sysctls.end() ? kChosenByDefault : ChosenPorts(chosen->second);
}

void AddTranslation(std::vector<NftExpression> match, NftExpression verdict, PlanBuilder* builder) {
  match.push_back(std::move(verdict));
  builder->AddNftRule(kSourceNat, {std::move(match)});
}

}  // namespace

void AddSysctlsOfMasquerade(std::vector<std::string>* paths) { paths->emplace_back(kChosenPorts); }

std::vector<SourcePorts> PortsBeside(const PortRange& own) {
  std::vector<SourcePorts> rules;
  for (const PortRange& range : kKernelRanges) AddBeside(range, own, &rules);
  return rules;
}

void PlanMasquerade(const std::vector<NftExpression>& match, PlanBuilder* builder) {
  // With a Namespace, the tunnel's sockets are in another one, whose ports are others.
  if (builder->config().gateway.network_namespace.empty()) {
    for (const SourcePorts& ports : PortsBeside(OwnPorts(*builder))) {
      std::vector<NftExpression> datagrams = match;
      datagrams.push_back(SourcePortIn(PortForward::Protocol::kUdp, ports.from));
      AddTranslation(std::move(datagrams), MasqueradeFrom(ports.to), builder);
    }
  }
  AddTranslation(match, Masquerade(), builder);
}

}  // namespace ringwire::platform
