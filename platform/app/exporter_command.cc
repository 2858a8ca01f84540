// `ringwire exporter`: metrics of all interfaces for Prometheus.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/base/status_macros.h"
#include "core/config/number_text.h"
#include "core/wire/address.h"
#include "fmt/format.h"
#include "platform/app/commands.h"
#include "platform/app/status_client.h"
#include "platform/base/end_signals.h"
#include "platform/base/make_folder.h"
#include "platform/base/paths.h"
#include "platform/base/version.h"
#include "platform/observe/exporter.h"
#include "platform/observe/http_server.h"
#include "platform/process/block_signals.h"
#include "platform/process/logging.h"
#include "platform/process/report_error.h"
#include "platform/process/service_notify.h"
#include "platform/sandbox/confinement.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

// Of one interface. Prometheus gives a scrape 10 s.
constexpr absl::Duration kStatusPatience = absl::Seconds(5);

struct ExporterArguments {
  std::string listen = "127.0.0.1:9586";
  std::string peers = "1000";
  bool page = false;
};

std::optional<size_t> PeersMaxOf(const std::string& text) {
  if (text == "all") return std::numeric_limits<size_t>::max();
  return ParseNumber(text, std::numeric_limits<size_t>::max());
}

absl::StatusOr<StatusReport> AskForReport(const std::string& interface, std::string_view request) {
  ASSIGN_OR_RETURN(const UniqueFd device, ConnectToDevice(interface));
  RETURN_IF_ERROR(SendRequest(device, request));
  ASSIGN_OR_RETURN(const std::string answer, ReadAnswer(device, kStatusPatience));
  return ReportFromJson(answer);
}

std::optional<StatusReport> ReportOf(const std::string& interface) {
  absl::StatusOr<StatusReport> report = AskForReport(interface, "status");
  if (!report.ok()) return std::nullopt;
  return *std::move(report);
}

// The same without peers.
std::optional<StatusReport> SummaryReportOf(const std::string& interface) {
  absl::StatusOr<StatusReport> report = AskForReport(interface, "summary");
  // A service of an older version does not know this request.
  if (absl::IsFailedPrecondition(report.status())) report = AskForReport(interface, "status");
  if (!report.ok()) return std::nullopt;
  report->device.peers.clear();
  report->has_preshared_key.clear();
  return *std::move(report);
}

using ReadReport = std::optional<StatusReport> (*)(const std::string& interface);

std::vector<InterfaceStatus> Collect(const UniqueFd& folder, ReadReport read) {
  std::vector<InterfaceStatus> interfaces;
  for (const std::string& name : RunningInterfaces(folder)) {
    interfaces.push_back({name, read(name)});
  }
  return interfaces;
}

absl::StatusOr<std::shared_ptr<UniqueFd>> OpenFolder() {
  MakeFolder(kStatusDirectory, 0755).IgnoreError();  // the open says what is wrong
  auto folder =
      std::make_shared<UniqueFd>(::open(kStatusDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder->valid()) return folder;
  return absl::ErrnoToStatus(errno, fmt::format("cannot read {}", kStatusDirectory));
}

// Started as root, it becomes a user who reads the sockets by their group alone.
absl::Status CheckGroup() {
  if (::geteuid() != 0 || StatusGroup().has_value()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "cannot read status sockets: this system has no group `ringwire`; make it "
      "(`systemd-sysusers`, or `groupadd -r ringwire`) and restart the tunnels");
}

// Everything is opened first: Confinement says why the rest comes in this order.
absl::Status Serve(const SocketAddress& address, size_t peers_max, bool page) {
  RETURN_IF_ERROR(CheckGroup());
  const UniqueFd ends = OpenEndSignals();
  ASSIGN_OR_RETURN(UniqueFd listener, HttpServer::Listen(address));
  ASSIGN_OR_RETURN(std::shared_ptr<UniqueFd> folder, OpenFolder());
  NotifyReady();
  ASSIGN_OR_RETURN(Confinement confinement,
                   Confinement::GiveUpRights({.role = SandboxRole::kExporter}));
  ExporterOptions options{kVersion, {peers_max}, [folder] { return Collect(*folder, ReportOf); }};
  if (page) options.collect_summaries = [folder] { return Collect(*folder, SummaryReportOf); };
  absl::StatusOr<std::unique_ptr<Exporter>> exporter =
      Exporter::Start(std::move(listener), ends.get(), std::move(options));
  if (!exporter.ok()) return exporter.status();
  RETURN_IF_ERROR(confinement.Seal());
  for (const std::string& warning : confinement.Warnings()) spdlog::warn("exporter: {}", warning);
  spdlog::info("exporter: listens on {}", address.ToString());
  return (*exporter)->Run();
}

int RunExporter(const ExporterArguments& arguments) {
  StartLogging(spdlog::level::info, LogFormat::kText);
  BlockSignals();
  const std::optional<SocketAddress> address = SocketAddress::Parse(arguments.listen);
  const std::optional<size_t> peers_max = PeersMaxOf(arguments.peers);
  const absl::Status status = Serve(*address, *peers_max, arguments.page);
  return status.ok() ? kExitSuccess : ReportError(status);
}

}  // namespace

Command AddExporterCommand(CLI::App* app) {
  auto arguments = std::make_shared<ExporterArguments>();
  CLI::App* const parser =
      app->add_subcommand("exporter", "Serve metrics of all interfaces for Prometheus");
  parser->add_option("--listen", arguments->listen, "Address and port (127.0.0.1:9586)")
      ->check([](const std::string& text) {
        if (SocketAddress::Parse(text).has_value()) return std::string();
        return text + " is no address with a port, such as 127.0.0.1:9586 or [::]:9586";
      });
  parser
      ->add_option("--peers", arguments->peers,
                   "Peers of an interface with own series: a number (1000) or all")
      ->check([](const std::string& text) {
        if (PeersMaxOf(text).has_value()) return std::string();
        return text + " is no number of peers, and not all";
      });
  parser->add_flag("--page", arguments->page, "Serve a page for people at /, too");
  return {parser, [arguments] { return RunExporter(*arguments); }};
}

}  // namespace ringwire::platform
