// `ringwire [-f] IFNAME`: the drop-in for wireguard-go.
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "CLI/CLI.hpp"
#include "core/base/status_macros.h"
#include "platform/app/commands.h"
#include "platform/observe/log_process.h"
#include "platform/process/background.h"
#include "platform/process/block_signals.h"
#include "platform/process/report_error.h"
#include "platform/relay/device_options.h"
#include "platform/relay/device_runner.h"
#include "platform/relay/inherited_tun.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

struct DeviceArguments {
  std::string interface_name;
  bool foreground = false;
  DeviceFlags flags;
};

bool EnvironmentSaysForeground() {
  const char* const value = std::getenv("WG_PROCESS_FOREGROUND");
  return value != nullptr && std::string_view(value) == "1";
}

absl::Status RunDevice(const DeviceArguments& arguments, const std::function<void()>& ready) {
  DeviceSettings settings;
  settings.name = arguments.interface_name;
  settings.workers = WorkersOf(arguments.flags);
  settings.busy_poll = BusyPollOf(arguments.flags);
  settings.warm_restart = arguments.flags.warm_restart == "on";
  settings.pin = PinOf(arguments.flags);
  settings.io = IoOf(arguments.flags).value_or(IoBackendChoice::kAuto);
  settings.offloads = OffloadsOf(arguments.flags).value_or(OffloadSwitches());
  settings.transport_cipher = CipherOf(arguments.flags);
  settings.aead = AeadOf(arguments.flags);
  ASSIGN_OR_RETURN(UniqueFd tun, InheritedDescriptor("WG_TUN_FD"));
  settings.tun_queue = std::move(tun);
  ASSIGN_OR_RETURN(UniqueFd uapi, InheritedDescriptor("WG_UAPI_FD"));
  settings.uapi_socket = std::move(uapi);

  ASSIGN_OR_RETURN(std::unique_ptr<DeviceRunner> device, DeviceRunner::Start(std::move(settings)));
  device->loop().device().set_stage(ServiceStage::kReady);
  spdlog::info("{}", device->ReadyLine());
  ready();
  return device->Run();
}

int Run(const DeviceArguments& arguments) {
  BlockSignals();
  if (arguments.foreground || EnvironmentSaysForeground()) {
    StartLogging(arguments.flags);
    const absl::Status status = RunDevice(arguments, [] {});
    return status.ok() ? kExitSuccess : ReportError(status);
  }
  const auto run = [&arguments](const std::function<void()>& ready) {
    StartLogging(arguments.flags);
    return RunDevice(arguments, ready);
  };
  const auto write_log = [&arguments](ServiceOutput output) {
    return RunLogProcess(arguments.interface_name, std::move(output));
  };
  return RunInBackground(InheritedDescriptors(), run, write_log);
}

}  // namespace

Command MakeDeviceCommand(CLI::App* app) {
  auto arguments = std::make_shared<DeviceArguments>();
  app->add_option("IFNAME", arguments->interface_name,
                  "Create this interface and its control socket, for `wg` to configure");
  app->add_flag("-f,--foreground", arguments->foreground, "Stay in the foreground");
  AddDeviceFlags(app, &arguments->flags);
  return {app, [arguments] { return Run(*arguments); }};
}

}  // namespace ringwire::platform
