// `ringwire doctor [CONFIG]`: what this host can do, and whether a configuration will work on it.
#include <iterator>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "platform/app/commands.h"
#include "platform/config/config_source.h"
#include "platform/doctor/gather.h"
#include "platform/doctor/judge_host.h"
#include "platform/doctor/judge_tunnel.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

int Examine(const std::string& config) {
  DoctorFacts host = GatherDoctorFacts();
  Findings findings;
  if (!config.empty()) {
    const TunnelFacts tunnel = GatherTunnelFacts(config, &host);
    findings = JudgeTunnel(tunnel, host);
  }
  Findings of_host = JudgeHost(host);
  findings.insert(findings.begin(), std::make_move_iterator(of_host.begin()),
                  std::make_move_iterator(of_host.end()));
  const int exit_code = WriteOutput("the findings", FormatFindings(findings));
  if (exit_code != kExitSuccess) return exit_code;
  return HasFault(findings) ? kExitFailure : kExitSuccess;
}

}  // namespace

Command AddDoctorCommand(CLI::App* app) {
  auto config = std::make_shared<std::string>();
  CLI::App* const parser = app->add_subcommand(
      "doctor", "Say what this host can do for tunnels, and what keeps one from working");
  parser->add_option("CONFIG", *config, kConfigArgumentHelp);
  return {parser, [config] { return Examine(*config); }};
}

}  // namespace ringwire::platform
