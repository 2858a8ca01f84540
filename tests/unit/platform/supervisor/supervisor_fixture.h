#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_SUPERVISOR_FIXTURE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_SUPERVISOR_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "platform/supervisor/supervisor.h"
#include "tests/unit/platform/supervisor/doubles.h"

namespace ringwire::platform {

// A Supervisor over doubles: no root, no interface, no fork. Its file, its admin socket, its
// signals and the thread that loads the file are real.
class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    std::string pattern = testing::TempDir() + "supervisor.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    ::sigemptyset(&signals_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals_, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
    Write("");
  }
  ~SupervisorTest() override {
    supervisor_.reset();
    const timespec now{};
    while (::sigtimedwait(&signals_, nullptr, &now) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    std::filesystem::remove_all(folder_);
  }

  static std::string ConfigText(const std::string& lines, const std::string& endpoint) {
    return fmt::format(
        "[Interface]\nPrivateKey = {}\n{}\n[Peer]\nPublicKey = {}\nEndpoint = {}\n"
        "AllowedIPs = 10.0.0.0/8\n",
        kTestKey, lines, kTestPeer, endpoint);
  }
  // `lines`: of [Interface].
  void Write(const std::string& lines, const std::string& endpoint = "192.0.2.1:51820") {
    std::ofstream(path()) << ConfigText(lines, endpoint);
    std::filesystem::permissions(path(), std::filesystem::perms(0600));
  }
  std::string path() const { return folder_ + "/rwtest0.conf"; }

  // The supervisor of the file as it is.
  Supervisor& Make() {
    calls_.made.clear();
    auto relay = std::make_unique<RelayDouble>(&calls_);
    auto tunnel = std::make_unique<TunnelDouble>(&calls_);
    relay_ = relay.get();
    tunnel_ = tunnel.get();
    auto names = std::make_unique<TunnelNames>(
        "rwtest0", folder_ + "/names",
        [ask = ask_](const NameQuestion& question) { return ask(question); });
    ConfigSource source = LoadConfigToRun(path(), KeyFiles::kRead);
    EXPECT_TRUE(source.errors.empty()) << source.errors.front();
    supervisor_.emplace(
        DeviceFlags(), std::move(source),
        Supervisor::Parts{std::move(relay), std::move(tunnel), std::move(names), folder_});
    return *supervisor_;
  }
  Supervisor& MakeStarted() {
    Supervisor& supervisor = Make();
    const absl::StatusOr<bool> started = supervisor.Start();
    EXPECT_TRUE(started.ok()) << started.status();
    EXPECT_TRUE(started.ok() && *started);
    return supervisor;
  }
  // Runs it until `done`, or for a minute.
  absl::Status RunUntil(std::function<bool()> done) {
    tunnel_->set_on_look([done = std::move(done), end = BootNow() + absl::Minutes(1)] {
      const bool is_late = BootNow() > end;
      EXPECT_FALSE(is_late);
      if (is_late || done()) ::raise(SIGTERM);
    });
    return supervisor_->Run();
  }

  // A client of the admin socket that has sent this line.
  UniqueFd Ask(std::string_view line) const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ + "/rwtest0.admin.sock";
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const std::string text = std::string(line) + "\n";
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    return fd;
  }
  // The answer; empty: none yet.
  static std::string AnswerOn(const UniqueFd& client) {
    std::string text(4096, '\0');
    const ssize_t size = ::recv(client.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_PEEK);
    text.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return text;
  }

  std::string folder_;
  Calls calls_;
  NameCache::Ask ask_ = [](const NameQuestion&) { return absl::NotFoundError("no such name"); };
  RelayDouble* relay_ = nullptr;
  TunnelDouble* tunnel_ = nullptr;
  std::optional<Supervisor> supervisor_;

 private:
  sigset_t signals_{};
  sigset_t mask_before_{};
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_SUPERVISOR_SUPERVISOR_FIXTURE_H_
