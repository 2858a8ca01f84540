#include "platform/control/sockets/admin_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/device/key_text.h"

namespace ringwire::platform {
namespace {

TEST(AdminRequestsTest, AreAWordAndPerhapsAKey) {
  std::string why;
  EXPECT_EQ(ParseAdminRequest("reload", &why)->verb, AdminVerb::kReload);
  EXPECT_EQ(ParseAdminRequest("save", &why)->verb, AdminVerb::kSave);
  crypto::PublicKey peer{};
  peer.fill(5);
  const auto forget = ParseAdminRequest("forget " + KeyToBase64(peer), &why);
  ASSERT_TRUE(forget.has_value());
  EXPECT_EQ(forget->verb, AdminVerb::kForget);
  EXPECT_EQ(forget->peer, peer);
  for (const char* const line : {"", "reload ", "Reload", "status", "forget", "forget short"}) {
    why.clear();
    EXPECT_FALSE(ParseAdminRequest(line, &why).has_value()) << line;
    EXPECT_FALSE(why.empty()) << line;
  }
}

TEST(AdminRequestsTest, AnswersAreJsonLines) {
  EXPECT_EQ(AdminAnswerLine({}), R"({"ok":true})");
  EXPECT_EQ(AdminAnswerLine({true, "a warning"}), R"({"ok":true,"warnings":"a warning"})");
  EXPECT_EQ(AdminAnswerLine({false, "one\nand two"}), R"({"error":"one\nand two"})");
}

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    std::string pattern = testing::TempDir() + "admin.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    absl::StatusOr<UnixListener> listener = ListenForAdmin(folder_, "wg0");
    EXPECT_TRUE(listener.ok()) << listener.status();
    server_.emplace(&poll_, *std::move(listener),
                    [this](const AdminRequest& request, AdminAnswer answer) {
                      asked_.push_back(request.verb);
                      if (answers_at_once_) {
                        answer({false, "no file"});
                      } else {
                        answers_.push_back(std::move(answer));
                      }
                    });
    EXPECT_TRUE(server_->Start().ok());
  }
  ~AdminServerTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/wg0.admin.sock"; }
  UniqueFd Connect() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  void Ask(const UniqueFd& fd, std::string_view text) {
    ASSERT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    Turn();
  }
  // Lets the server do what it can do now.
  void Turn() {
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(poll_.Wait(/*may_block=*/false).ok());
  }
  // One read; nullopt: nothing there. Empty: the server hung up.
  static std::optional<std::string> Read(const UniqueFd& fd) {
    std::string text(65536, '\0');
    const ssize_t size = ::recv(fd.get(), text.data(), text.size(), 0);
    if (size < 0) return std::nullopt;
    text.resize(static_cast<size_t>(size));
    return text;
  }

  std::string folder_;
  EventPoll poll_;
  bool answers_at_once_ = false;
  std::vector<AdminVerb> asked_;
  std::vector<AdminAnswer> answers_;
  std::optional<AdminServer> server_;
};

TEST_F(AdminServerTest, ItsSocketIsForItsOwnerOnly) {
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

// Its own credentials count, also where the file's mode lets it through.
TEST_F(AdminServerTest, AnotherUserIsHungUpOn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chmod(path().c_str(), 0666), 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const UniqueFd client = Connect();
    pollfd wait{client.get(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    ::_exit(Read(client) == "" ? 0 : 1);
  }
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) Turn();
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(AdminServerTest, AnAnswerComesWhenThereIsOne) {
  const UniqueFd reload = Connect();
  const UniqueFd save = Connect();
  Ask(reload, "reload\nsave\n");
  Ask(save, "save\n");
  EXPECT_EQ(asked_, (std::vector{AdminVerb::kReload, AdminVerb::kSave}));
  EXPECT_EQ(Read(reload), std::nullopt);
  Ask(reload, "save\n");
  EXPECT_EQ(asked_.size(), 2u) << "one thing after the other";

  answers_[1]({true, "a warning"});
  EXPECT_EQ(Read(save), "{\"ok\":true,\"warnings\":\"a warning\"}\n") << "without another turn";
  EXPECT_EQ(Read(reload), std::nullopt);
  answers_at_once_ = true;
  answers_[0]({false, "wg0.conf:1:1: one\nand two"});
  Turn();
  EXPECT_EQ(Read(reload),
            "{\"error\":\"wg0.conf:1:1: one\\nand two\"}\n{\"error\":\"no file\"}\n"
            "{\"error\":\"no file\"}\n");
}

TEST_F(AdminServerTest, WhatCannotBeUnderstoodIsAnswered) {
  const UniqueFd client = Connect();
  Ask(client, "nonsense\n");
  EXPECT_TRUE(Read(client).value_or("").starts_with("{\"error\":"));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(AdminServerTest, AnAnswerForAClientThatIsGoneGoesNowhere) {
  UniqueFd client = Connect();
  Ask(client, "reload\n");
  client.Reset();
  Turn();
  answers_.at(0)({true, ""});
}

TEST_F(AdminServerTest, AnAnswerThatTheServerDoesNotOutliveGoesNowhere) {
  const UniqueFd client = Connect();
  Ask(client, "reload\n");
  server_.reset();
  answers_.at(0)({true, ""});
  EXPECT_EQ(Read(client), "");
}

// It asks and asks, and reads no answer.
TEST_F(AdminServerTest, AClientThatStallsIsTimedOut) {
  const UniqueFd stalled = Connect();
  EXPECT_TRUE(server_->due().IsInfiniteFuture());
  std::string requests;
  for (int i = 0; i < 5'000; ++i) requests += "nonsense\n";
  Ask(stalled, requests);
  // Its answers fill the socket.
  Instant due = Instant::InfiniteFuture();
  while (due != server_->due()) {
    due = server_->due();
    Turn();
  }
  ASSERT_FALSE(due.IsInfiniteFuture());
  server_->CloseStalled(due - absl::Milliseconds(1));
  EXPECT_EQ(server_->due(), due);
  server_->CloseStalled(due);
  EXPECT_TRUE(server_->due().IsInfiniteFuture());
  std::optional<std::string> answer = Read(stalled);
  while (answer.has_value() && !answer->empty()) answer = Read(stalled);
  EXPECT_EQ(answer, "") << "the server hung up";
}

TEST_F(AdminServerTest, WaitsForAnAnswerWithABoundedMemoryOnly) {
  const UniqueFd client = Connect();
  Ask(client, "reload\n" + std::string(1000, 'x'));
  EXPECT_EQ(Read(client), "");
}

}  // namespace
}  // namespace ringwire::platform
