#include "platform/observe/system_log.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <regex>
#include <string>

#include "gtest/gtest.h"
#include "platform/base/unique_fd.h"
#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class SystemLogTest : public FolderTest {
 protected:
  SystemLogTest() { paths_ = {folder_ + "/journal", folder_ + "/log"}; }

  static UniqueFd Receiver(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ::unlink(path.c_str());
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  static std::string Received(const UniqueFd& fd) {
    std::array<char, 4096> bytes;
    const ssize_t size = ::recv(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(bytes.data(), static_cast<size_t>(size));
  }

  SystemLogPaths paths_;
};

TEST_F(SystemLogTest, SpeaksTheJournalsProtocol) {
  const UniqueFd journal = Receiver(paths_.journal);
  const UniqueFd syslog = Receiver(paths_.syslog);
  const SystemLog log = SystemLog::Open("wg0", 42, paths_);
  log.Send(4, "warning wg0: hm");
  EXPECT_EQ(Received(journal),
            "PRIORITY=4\nSYSLOG_IDENTIFIER=ringwire\nSYSLOG_PID=42\nRINGWIRE_INTERFACE=wg0\n"
            "MESSAGE=warning wg0: hm\n");
  EXPECT_EQ(Received(syslog), "nothing");
}

TEST_F(SystemLogTest, SpeaksToSyslogWithoutAJournal) {
  const UniqueFd syslog = Receiver(paths_.syslog);
  SystemLog::Open("wg0", 42, paths_).Send(3, "error no");
  const std::regex form(
      R"(<27>[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d ringwire\[42\]: wg0: error no)");
  const std::string message = Received(syslog);
  EXPECT_TRUE(std::regex_match(message, form)) << message;
}

TEST_F(SystemLogTest, FindsAReceiverThatRestarted) {
  UniqueFd syslog = Receiver(paths_.syslog);
  const SystemLog log = SystemLog::Open("wg0", 42, paths_);
  syslog.Reset();
  log.Send(6, "lost");
  syslog = Receiver(paths_.syslog);
  log.Send(6, "found");
  EXPECT_NE(Received(syslog).find("found"), std::string::npos);
}

TEST_F(SystemLogTest, NeverWaitsForAReceiverThatIsFull) {
  const UniqueFd syslog = Receiver(paths_.syslog);
  const SystemLog log = SystemLog::Open("wg0", 42, paths_);
  for (int i = 0; i < 10000; ++i) log.Send(6, "line");
  EXPECT_NE(Received(syslog), "nothing");
}

TEST_F(SystemLogTest, DoesWithoutAny) { SystemLog::Open("wg0", 42, paths_).Send(6, "line"); }

}  // namespace
}  // namespace ringwire::platform
