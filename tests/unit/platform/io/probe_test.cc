#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "core/base/counters.h"
#include "platform/io/backend_factory.h"
#include "platform/io/offload/probe_device.h"
#include "platform/tun/tun_device.h"
#include "tests/unit/platform/io/network_namespace.h"
#include "tests/unit/platform/io/refuse_system_call.h"

namespace ringwire::platform {
namespace {

using ProbeTest = NetworkNamespaceTest;

absl::Status Probe() {
  CapabilityLadder ladder(OffloadSwitches(), [](const std::string&) {});
  return ProbeIoUring(&ladder);
}

size_t InterfaceCount() {
  struct if_nameindex* const all = ::if_nameindex();
  size_t count = 0;
  while (all[count].if_index != 0) ++count;
  ::if_freenameindex(all);
  return count;
}

TEST_F(ProbeTest, FindsIoUringUsableAndLeavesNoDeviceBehind) {
  SetLinkUp("lo", false);  // needs nobody's help
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = Probe();
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(InterfaceCount(), 1);
  }
}

TEST_F(ProbeTest, TwoProbesAtOnceDoNotCollide) {
  // Of another process of the same number, in another namespace of processes, for example.
  const absl::StatusOr<TunDevice> other =
      CreateTunDevice({"rwprobe" + std::to_string(::getpid()), 1, false, false});
  const absl::StatusOr<TunDevice> another = CreateTunDevice({"rwprobe0", 1, false, false});
  ASSERT_TRUE(other.ok() && another.ok());
  EXPECT_TRUE(Probe().ok());
}

TEST_F(ProbeTest, IsNotMisledByAFirewallThatLetsNothingOut) {
  const int refused = std::system(
      "nft 'table inet shut { chain out { type filter hook output priority 0; policy drop; }; }'");
  ASSERT_EQ(refused, 0);
  const absl::Status status = Probe();
  EXPECT_TRUE(status.ok()) << status;
}

void ForbidIoUring(uint32_t error) { RefuseSystemCall(SYS_io_uring_setup, error); }

// Probes, prints the error to stderr and ends the process.
void ProbeAndExit() {
  const absl::Status status = Probe();
  std::fputs(status.ToString().c_str(), stderr);
  ::_exit(status.ok() ? 1 : 0);
}

void GiveUp(cap_value_t capability) {
  const cap_t now = ::cap_get_proc();
  if (::cap_set_flag(now, CAP_EFFECTIVE, 1, &capability, CAP_CLEAR) != 0 ||
      ::cap_set_flag(now, CAP_PERMITTED, 1, &capability, CAP_CLEAR) != 0 ||
      ::cap_set_proc(now) != 0) {
    ::_exit(2);
  }
  ::cap_free(now);
}

using ProbeDeathTest = ProbeTest;

TEST_F(ProbeDeathTest, NeedsNoRawSockets) {
  EXPECT_EXIT((GiveUp(CAP_NET_RAW), ::_exit(Probe().ok() ? 0 : 1)), testing::ExitedWithCode(0), "");
}

TEST_F(ProbeDeathTest, SaysWhatWasRefused) {
  EXPECT_EXIT((GiveUp(CAP_NET_ADMIN), ProbeAndExit()), testing::ExitedWithCode(0),
              "PERMISSION_DENIED: create TUN device .*CAP_NET_ADMIN");
}

TEST_F(ProbeDeathTest, NamesASeccompFilter) {
  EXPECT_EXIT((ForbidIoUring(EPERM), ProbeAndExit()), testing::ExitedWithCode(0),
              "PERMISSION_DENIED: set up io_uring .*seccomp");
}

TEST_F(ProbeDeathTest, NamesAKernelWithoutIoUring) {
  EXPECT_EXIT((ForbidIoUring(ENOSYS), ProbeAndExit()), testing::ExitedWithCode(0),
              "this kernel has no io_uring, or a container's seccomp filter hides it");
}

// As with kernel.io_uring_disabled = 1 once privileges are gone.
void UseARingThatWasSetUpBefore() {
  const absl::StatusOr<std::shared_ptr<Ring>> ring = SetUpRing();
  const absl::StatusOr<TunDevice> device = MakeProbeDevice();
  if (!ring.ok() || !device.ok()) ::_exit(2);
  ForbidIoUring(EPERM);
  WorkerCounters counters;
  BackendOptions options;
  options.tun_fd = device->queues.front().get();
  options.counters = &counters;
  CapabilityLadder ladder(OffloadSwitches(), [](const std::string&) {});
  options.ladder = &ladder;
  if (MakeIoUringBackend(options)->Start().ok()) ::_exit(3);
  options.ring = *ring;
  const std::unique_ptr<IoBackend> backend = MakeIoUringBackend(options);
  bool ok = false;
  std::thread worker([&] {  // another one than set it up
    ok = backend->Start().ok() && backend->Flush().ok() && ProvokeFrame(*device).ok() &&
         backend->Wait().ok() && !backend->tun_batch().empty();
    backend->Stop();
  });
  worker.join();
  ::_exit(ok ? 0 : 1);
}

TEST_F(ProbeDeathTest, ARingThatWasSetUpWorksOnAfterSetUpIsForbidden) {
  EXPECT_EXIT(UseARingThatWasSetUpBefore(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace ringwire::platform
