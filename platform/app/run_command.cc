// `ringwire run CONFIG`: everything in a configuration file, in the foreground, undone at the end.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/control/config_file.h"
#include "fmt/format.h"
#include "platform/app/block_signals.h"
#include "platform/app/commands.h"
#include "platform/app/config_reload.h"
#include "platform/app/config_source.h"
#include "platform/app/device_options.h"
#include "platform/app/device_runner.h"
#include "platform/app/endpoint_resolver.h"
#include "platform/app/report_error.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

struct RunArguments {
  std::string config;
  DeviceFlags flags;
};

absl::Status RunConfig(const RunArguments& arguments) {
  absl::StatusOr<RunnableConfig> loaded = LoadRunnableConfig(arguments.config);
  if (!loaded.ok()) return loaded.status();
  LogWarnings(loaded->source);
  const ConfigFile& config = loaded->source.config;

  DeviceSettings settings;
  settings.name = loaded->source.interface_name;
  settings.workers = WorkersOf(arguments.flags);
  if (!settings.workers.has_value() && config.workers.has_value())
    settings.workers = *config.workers;
  settings.busy_poll = BusyPollOf(arguments.flags);
  settings.pin = PinOf(arguments.flags);
  settings.io = IoOf(arguments.flags).value_or(config.io_backend);
  settings.offloads = OffloadsOf(arguments.flags).value_or(config.offloads);
  settings.mtu = config.mtu.value_or(kDefaultMtu);
  settings.listen_port = config.listen_port.value_or(0);
  settings.fwmark = config.fwmark.value_or(0);
  settings.transport_cipher = CipherOf(arguments.flags);
  settings.addresses = config.addresses;
  settings.update = ToDeviceUpdate(config, loaded->endpoints);

  absl::StatusOr<std::unique_ptr<DeviceRunner>> device = DeviceRunner::Start(std::move(settings));
  if (!device.ok()) return device.status();
  ConfigReload reload(device->get(), *std::move(loaded), CipherOf(arguments.flags));
  (*device)->loop().set_reload([&reload] { return reload.Start(); });
  spdlog::info("{}", (*device)->ReadyLine());
  return (*device)->Run();
}

}  // namespace

Command AddRunCommand(CLI::App* app) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* const parser = app->add_subcommand(
      "run", "Do everything in a configuration file, in the foreground, and undo it at the end");
  parser->add_option("CONFIG", arguments->config, "A path, or NAME for /etc/ringwire/NAME.conf")
      ->required();
  AddDeviceFlags(parser, &arguments->flags);
  return {parser, [arguments] {
            StartLogging(arguments->flags);
            BlockSignals();
            const absl::Status status = RunConfig(*arguments);
            return status.ok() ? kExitSuccess : ReportError(status);
          }};
}

}  // namespace ringwire::platform
