// `ringwire run CONFIG`: everything in a configuration file, in the foreground, undone at the end.
#include <poll.h>
#include <sys/signalfd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <span>
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
#include "platform/app/named_endpoints.h"
#include "platform/app/report_error.h"
#include "platform/base/unique_fd.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

struct RunArguments {
  std::string config;
  DeviceFlags flags;
};

// How long the start waits for names: with an endpoint from the beginning no packet is lost, and no
// service waits for a resolver that is out of reach.
constexpr auto kNamesWait = std::chrono::seconds(5);

// Until every name has been looked up once, or for kNamesWait. False: a signal that stops the
// device came first; it stays pending.
bool WaitForNames(const EndpointResolver& resolver, NamedEndpoints* names) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&set, signal);
  const UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC));
  const auto deadline = std::chrono::steady_clock::now() + kNamesWait;
  while (!resolver.AllTried()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    std::array<pollfd, 2> wait{{{signals.get(), POLLIN, 0}, {resolver.fd(), POLLIN, 0}}};
    ::poll(wait.data(), wait.size(), static_cast<int>(left.count()));
    if (wait[0].revents != 0) return false;
    names->TakeAnswers(nullptr);
  }
  names->TakeAnswers(nullptr);
  return true;
}

absl::Status RunConfig(const RunArguments& arguments) {
  absl::StatusOr<RunnableConfig> loaded = LoadRunnableConfig(arguments.config);
  if (!loaded.ok()) return loaded.status();
  LogWarnings(loaded->source);
  const ConfigFile& config = loaded->source.config;

  EndpointResolver resolver;
  NamedEndpoints names(&resolver);
  const absl::Status followed = names.Follow(config, loaded->source.path);
  if (!followed.ok()) return followed;
  if (!WaitForNames(resolver, &names)) return absl::OkStatus();
  loaded->endpoints = names.EndpointsOf(config);

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
  settings.aead = AeadOf(arguments.flags);
  settings.addresses = config.addresses;
  settings.keep_reading_files_of_others = loaded->source.has_files_of_others;
  settings.update = ToDeviceUpdate(config, loaded->endpoints);

  absl::StatusOr<std::unique_ptr<DeviceRunner>> device = DeviceRunner::Start(std::move(settings));
  if (!device.ok()) return device.status();
  ControlLoop& loop = (*device)->loop();
  ConfigReload reload(device->get(), &names, *std::move(loaded), CipherOf(arguments.flags));
  loop.set_reload([&reload] { return reload.Start(); });
  loop.set_on_unanswered(
      [&names](std::span<const crypto::PublicKey> peers) { names.Doubt(peers); });
  const absl::Status watched =
      loop.Watch(resolver.fd(), [&names, &loop] { names.TakeAnswers(&loop); });
  if (!watched.ok()) return watched;
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
