#include "platform/gateway/foreign_firewall.h"

#include <algorithm>
#include <optional>

#include "fmt/format.h"
#include "platform/gateway/plan_routes.h"
#include "platform/gateway/ruleset.h"

namespace ringwire::platform {
namespace {

enum class Program : uint8_t { kNft, kIptables, kDocker, kUfw, kFirewalld };

Program ProgramOf(const Ruleset::Drop& drop, const Ruleset& ruleset) {
  if (drop.table == "firewalld") return Program::kFirewalld;
  // Docker lets nothing pass, but has no say in what comes in.
  if (drop.chain != "INPUT" && ruleset.HasChain(drop.family, drop.table, "DOCKER-USER")) {
    return Program::kDocker;
  }
  if (ruleset.HasChain(drop.family, drop.table, "ufw")) return Program::kUfw;
  // The names that iptables gives, in the tables that it keeps in nftables.
  const bool iptables = drop.table == "filter" && drop.family != "inet" &&
                        (drop.chain == "FORWARD" || drop.chain == "INPUT");
  return iptables ? Program::kIptables : Program::kNft;
}

std::string_view NameOf(Program program) {
  switch (program) {
    case Program::kNft:
      return "a firewall";
    case Program::kIptables:
      return "a firewall of iptables";
    case Program::kDocker:
      return "docker's firewall";
    case Program::kUfw:
      return "ufw";
    case Program::kFirewalld:
      return "firewalld";
  }
  return {};
}

std::string_view IptablesOf(std::string_view family) {
  return family == "ip6" ? "ip6tables" : "iptables";
}

std::string FixOfForward(const Ruleset::Drop& drop, Program program, std::string_view interface) {
  switch (program) {
    case Program::kNft:
      return fmt::format(
          "nft insert rule {0} {1} {2} iifname '\"{3}\"' accept; nft insert rule {0} {1} {2} "
          "oifname '\"{3}\"' accept",
          drop.family, drop.table, drop.chain, interface);
    case Program::kIptables:
    case Program::kDocker:
      return fmt::format("{0} -I {1} -i {2} -j ACCEPT; {0} -I {1} -o {2} -j ACCEPT",
                         IptablesOf(drop.family),
                         program == Program::kDocker ? "DOCKER-USER" : "FORWARD", interface);
    case Program::kUfw:
      return fmt::format("ufw route allow in on {0}; ufw route allow out on {0}", interface);
    case Program::kFirewalld:
      return fmt::format("firewall-cmd --zone=trusted --add-interface={}", interface);
  }
  return {};
}

std::string FixOfInput(const Ruleset::Drop& drop, Program program, uint16_t port) {
  switch (program) {
    case Program::kNft:
      return fmt::format("nft insert rule {} {} {} udp dport {} accept", drop.family, drop.table,
                         drop.chain, port);
    case Program::kIptables:
    case Program::kDocker:
      return fmt::format("{} -I INPUT -p udp --dport {} -j ACCEPT", IptablesOf(drop.family), port);
    case Program::kUfw:
      return fmt::format("ufw allow {}/udp", port);
    case Program::kFirewalld:
      return fmt::format("firewall-cmd --add-port={}/udp", port);
  }
  return {};
}

std::string Sentence(const Ruleset::Drop& drop, Program program, std::string_view what,
                     std::string_view fix) {
  return fmt::format("{} drops {}: nft table {} {}, chain {}, {} (`{}` lets it through)",
                     NameOf(program), what, drop.family, drop.table, drop.chain, drop.why, fix);
}

void JudgeForward(std::string_view interface, const ConfigFile& config, const Ruleset& ruleset,
                  std::vector<std::string>* warnings) {
  ProbePacket in;
  in.arrives = interface;
  in.sources = AllowedPrefixes(config);
  ProbePacket out;
  out.leaves = interface;
  out.is_answer = true;
  out.destinations = in.sources;
  std::vector<Ruleset::Drop> drops = ruleset.DropsOf("forward", in);
  const size_t of_in = drops.size();
  for (Ruleset::Drop& drop : ruleset.DropsOf("forward", out)) {
    const bool known = std::ranges::any_of(drops, [&drop](const Ruleset::Drop& other) {
      return other.family == drop.family && other.table == drop.table && other.chain == drop.chain;
    });
    if (!known) drops.push_back(std::move(drop));
  }
  for (size_t i = 0; i < drops.size(); ++i) {
    const Program program = ProgramOf(drops[i], ruleset);
    const std::string what = i < of_in ? fmt::format("what {} brings to be forwarded", interface)
                                       : fmt::format("answers on their way into {}", interface);
    warnings->push_back(
        Sentence(drops[i], program, what, FixOfForward(drops[i], program, interface)));
  }
}

void JudgeInput(std::string_view interface, uint16_t port, const Ruleset& ruleset,
                std::vector<std::string>* warnings) {
  ProbePacket packet;
  packet.udp_port = port;
  packet.not_by = interface;
  packet.hopeful = true;
  for (const Ruleset::Drop& drop : ruleset.DropsOf("input", packet)) {
    const Program program = ProgramOf(drop, ruleset);
    const std::string what = fmt::format("what peers send to UDP port {}", port);
    warnings->push_back(Sentence(drop, program, what, FixOfInput(drop, program, port)));
  }
}

bool Accepts(const LegacyForward& legacy, std::string_view interface) {
  return std::ranges::any_of(legacy.accepted, [interface](std::string_view name) {
    if (!name.ends_with('+')) return name == interface;
    name.remove_suffix(1);
    return interface.starts_with(name);
  });
}

}  // namespace

bool ForwardsHere(const ConfigFile& config) {
  return config.gateway.forward && config.gateway.network_namespace.empty();
}

std::vector<std::string> FirewallWarnings(std::string_view interface, const ConfigFile& config,
                                          const FirewallFacts& facts) {
  std::vector<std::string> warnings;
  if (const std::optional<Ruleset> ruleset = Ruleset::Parse(facts.ruleset)) {
    if (ForwardsHere(config)) JudgeForward(interface, config, *ruleset, &warnings);
    if (config.listen_port.value_or(0) != 0) {
      JudgeInput(interface, *config.listen_port, *ruleset, &warnings);
    }
  }
  for (const LegacyForward& legacy : facts.legacy) {
    if (!ForwardsHere(config) || !legacy.drops || Accepts(legacy, interface)) continue;
    const char* const program =
        legacy.family == IpFamily::kV6 ? "ip6tables-legacy" : "iptables-legacy";
    warnings.push_back(fmt::format(
        "a firewall of {0} drops what {1} brings to be forwarded: table filter, chain FORWARD "
        "(`{0} -I FORWARD -i {1} -j ACCEPT; {0} -I FORWARD -o {1} -j ACCEPT` lets it through)",
        program, interface));
  }
  return warnings;
}

}  // namespace ringwire::platform
