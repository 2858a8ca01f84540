// `ringwire events [IFNAME]`: what happens to interfaces and their peers, a line for each event.
#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/clock.h"
#include "platform/app/commands.h"
#include "platform/app/status_client.h"
#include "platform/base/paths.h"
#include "platform/observe/status_events.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

constexpr int kLookMs = 1000;

struct EventsArguments {
  std::string interface_name = "all";
  bool json = false;
};

struct Look {
  absl::Time at;
  std::map<std::string, StatusReport> reports;  // of the services that answer
};

std::optional<StatusReport> Find(const Look& look, const std::string& name) {
  const auto found = look.reports.find(name);
  return found == look.reports.end() ? std::nullopt : std::optional(found->second);
}

// The error: this user may not look.
absl::StatusOr<Look> LookAt(const EventsArguments& arguments) {
  const bool all = arguments.interface_name == "all";
  Look look{absl::Now(), {}};
  for (const std::string& name :
       all ? RunningInterfaces() : std::vector<std::string>{arguments.interface_name}) {
    const absl::StatusOr<std::string> answer = AskDevice(name, "status");
    if (absl::IsPermissionDenied(answer.status())) return answer.status();
    if (!answer.ok()) continue;
    absl::StatusOr<StatusReport> report = ReportFromJson(*answer);
    if (report.ok()) look.reports[name] = *std::move(report);
  }
  return look;
}

int PrintDifference(const Look& before, const Look& after, bool json) {
  std::set<std::string> names;
  for (const Look* const look : {&before, &after}) {
    for (const auto& [name, report] : look->reports) names.insert(name);
  }
  std::string text;
  for (const std::string& name : names) {
    for (const StatusEvent& event :
         EventsBetween(Find(before, name), before.at, Find(after, name), after.at)) {
      text += FormatEvent(event, after.at, json);
    }
  }
  return text.empty() ? kExitSuccess : WriteOutput("events", text);
}

int FollowEvents(const EventsArguments& arguments) {
  const absl::Status valid = CheckInterfaceName(arguments.interface_name);
  if (!valid.ok()) return ReportError(valid);
  absl::StatusOr<Look> before = LookAt(arguments);
  while (before.ok()) {
    ::poll(nullptr, 0, kLookMs);
    absl::StatusOr<Look> after = LookAt(arguments);
    if (!after.ok()) return ReportError(after.status());
    if (PrintDifference(*before, *after, arguments.json) != kExitSuccess) return kExitFailure;
    before = std::move(after);
  }
  return ReportError(before.status());
}

}  // namespace

Command AddEventsCommand(CLI::App* app) {
  auto arguments = std::make_shared<EventsArguments>();
  CLI::App* const parser = app->add_subcommand(
      "events", "Print what happens to interfaces and peers, until interrupted");
  parser->add_option("IFNAME", arguments->interface_name, "The interface; all without it");
  parser->add_flag("--json", arguments->json, "Print one line of JSON per event");
  return {parser, [arguments] { return FollowEvents(*arguments); }};
}

}  // namespace ringwire::platform
