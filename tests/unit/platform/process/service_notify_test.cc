#include "platform/process/service_notify.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

#include "gtest/gtest.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

// A service manager's socket; `name` as in NOTIFY_SOCKET.
UniqueFd Listen(const std::string& name) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size), 0) << name;
  return socket;
}

// What came to it; empty: nothing.
std::string Received(const UniqueFd& socket) {
  std::array<char, 64> text{};
  const ssize_t size = ::recv(socket.get(), text.data(), text.size(), 0);
  return size < 0 ? "" : std::string(text.data(), static_cast<size_t>(size));
}

class ServiceNotifyTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      ::unsetenv(name);
    }
  }
};

TEST_F(ServiceNotifyTest, SaysThatItIsReadyToASocketWithAPath) {
  const std::string path = testing::TempDir() + "notify." + std::to_string(::getpid());
  const UniqueFd socket = Listen(path);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  NotifyReady();
  EXPECT_EQ(Received(socket), "READY=1");
  EXPECT_EQ(Received(socket), "") << "once";
  ::unlink(path.c_str());
}

TEST_F(ServiceNotifyTest, SaysWhenAReloadBeginsAndEnds) {
  const std::string name = "@ringwire-notify-reload." + std::to_string(::getpid());
  const UniqueFd socket = Listen(name);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  NotifyReloading();
  EXPECT_EQ(Received(socket).find("RELOADING=1\nMONOTONIC_USEC="), 0U);
  NotifyReady("reloaded");
  EXPECT_EQ(Received(socket), "READY=1\nSTATUS=reloaded");
  NotifyAlive();
  EXPECT_EQ(Received(socket), "WATCHDOG=1");
}

TEST_F(ServiceNotifyTest, AHeartbeatIsWantedFourTimesInTheManagersLimit) {
  EXPECT_EQ(HeartbeatInterval(7), std::nullopt) << "no watchdog";
  ::setenv("WATCHDOG_USEC", "20000000", 1);
  EXPECT_EQ(HeartbeatInterval(7), absl::Seconds(5));
  ::setenv("WATCHDOG_PID", "7", 1);
  EXPECT_EQ(HeartbeatInterval(7), absl::Seconds(5));
  EXPECT_EQ(HeartbeatInterval(8), std::nullopt) << "of another process";
  ::setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(HeartbeatInterval(7), std::nullopt);
}

TEST_F(ServiceNotifyTest, SaysThatItIsReadyToAnAbstractSocket) {
  const std::string name = "@ringwire-notify." + std::to_string(::getpid());
  const UniqueFd socket = Listen(name);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  NotifyReady();
  EXPECT_EQ(Received(socket), "READY=1");
}

TEST_F(ServiceNotifyTest, IsSilentWithoutAListenerOrAValidName) {
  NotifyReady();
  for (const std::string& name : {std::string(), std::string("/no/such/socket"),
                                  std::string(sizeof(sockaddr_un{}.sun_path), 'x')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    NotifyReady();
  }
}

}  // namespace
}  // namespace ringwire::platform
