#include "platform/control/sockets/socket_server.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/device/key_text.h"
#include "platform/base/clock.h"
#include "platform/control/sockets/status_requests.h"
#include "platform/control/sockets/uapi_conversation.h"

namespace ringwire::platform {
namespace {

// Remembers what it was asked; no worker, no kernel.
class FakeDevice final : public DeviceControl {
 public:
  DeviceStatus StatusWithoutPeers() override {
    DeviceStatus without = status;
    without.peers.clear();
    return without;
  }
  bool ListPeers(size_t* cursor, std::vector<PeerStatus>* peers) override {
    for (int i = 0; i < 3 && *cursor < status.peers.size(); ++i, ++*cursor) {
      peers->push_back(status.peers[*cursor]);
    }
    return *cursor < status.peers.size();
  }
  UapiError Apply(const DeviceUpdate& update) override {
    updates.push_back(update);
    return {apply_error, "as the test says"};
  }
  StatusReport Report() override {
    StatusReport report;
    report.interface_name = "wg0";
    SetDevice(StatusWithoutPeers(), &report);
    return report;
  }
  uint32_t InterfaceIndex(const std::string& name) override {
    return ::if_nametoindex(name.c_str());
  }
  bool Forget(const crypto::PublicKey& peer) override {
    forgotten.push_back(peer);
    return knows_peer;
  }
  DeviceStatus status;
  int apply_error = 0;
  bool knows_peer = true;
  std::vector<DeviceUpdate> updates;
  std::vector<crypto::PublicKey> forgotten;
};

class SocketServerTest : public testing::Test {
 protected:
  SocketServerTest() {
    std::string pattern = testing::TempDir() + "server.XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~SocketServerTest() override {
    server_.reset();
    ::rmdir(socket_directory().c_str());
    ::rmdir(directory_.c_str());
  }

  std::string socket_directory() const { return directory_ + "/wireguard"; }
  std::string path() const { return socket_directory() + "/wg0.sock"; }
  UnixListenerOptions options() const {
    return {socket_directory(), 0755, "wg0.sock", 0600, std::nullopt};
  }

  void Serve(SocketServer::MakeConversation make) {
    absl::StatusOr<UnixListener> listener = UnixListener::Listen(options());
    ASSERT_TRUE(listener.ok()) << listener.status().message();
    server_.emplace(&poll_, *std::move(listener), std::move(make));
    ASSERT_TRUE(server_->Start().ok());
  }
  void ServeUapi() {
    Serve([this] { return std::make_unique<UapiConversation>(&device_); });
  }
  void ServeStatus() {
    Serve([this] { return std::make_unique<StatusConversation>(&device_); });
  }

  UniqueFd Connect() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  static void Send(const UniqueFd& fd, std::string_view text) {
    ASSERT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Lets the server do what it can do now.
  void Turn(int turns = 4) {
    for (int i = 0; i < turns; ++i) ASSERT_TRUE(poll_.Wait(/*may_block=*/false).ok());
  }
  // One read; nullopt: nothing there. Empty: the server hung up.
  static std::optional<std::string> ReadOnce(const UniqueFd& fd, size_t bytes_max = 65536) {
    std::string text(bytes_max, '\0');
    const ssize_t size = ::recv(fd.get(), text.data(), text.size(), 0);
    if (size < 0) return std::nullopt;
    text.resize(static_cast<size_t>(size));
    return text;
  }

  void AddPeers(int count, int allowed_ips) {
    for (int i = 0; i < count; ++i) {
      PeerStatus peer;
      peer.public_key.fill(static_cast<uint8_t>(i + 1));
      for (int j = 0; j < allowed_ips; ++j) {
        const std::array<uint8_t, 4> bytes = {
            10, static_cast<uint8_t>(i), static_cast<uint8_t>(j >> 8), static_cast<uint8_t>(j)};
        peer.allowed_ips.push_back(Prefix::Of(IpAddress::V4(bytes), 32));
      }
      device_.status.peers.push_back(std::move(peer));
    }
  }

  std::string directory_;
  FakeDevice device_;
  EventPoll poll_;
  std::optional<SocketServer> server_;
};

// UAPI trap 1.
TEST_F(SocketServerTest, SocketAppearsListeningWithItsModes) {
  ServeUapi();
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  ASSERT_EQ(::stat(socket_directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755u);
  EXPECT_TRUE(server_->listener().FileIsOurs());
  EXPECT_TRUE(Connect().valid());
}

TEST_F(SocketServerTest, ReplacesTheSocketOfADeadProcess) {
  ServeUapi();
  // A dead process leaves a file that refuses connections.
  const std::string kept = path() + ".kept";
  ASSERT_EQ(::link(path().c_str(), kept.c_str()), 0);
  server_.reset();
  ASSERT_EQ(::rename(kept.c_str(), path().c_str()), 0);
  ServeUapi();
  EXPECT_TRUE(Connect().valid());
}

TEST_F(SocketServerTest, RefusesAPathThatALiveProcessServes) {
  ServeUapi();
  const absl::StatusOr<UnixListener> second = UnixListener::Listen(options());
  EXPECT_TRUE(absl::IsAlreadyExists(second.status()));
  EXPECT_TRUE(server_->listener().FileIsOurs());
}

TEST_F(SocketServerTest, RemovesItsFileButNotASuccessors) {
  ServeUapi();
  server_.reset();
  EXPECT_NE(::access(path().c_str(), F_OK), 0);

  ServeUapi();
  ASSERT_EQ(::unlink(path().c_str()), 0);
  EXPECT_FALSE(server_->listener().FileIsOurs());
  absl::StatusOr<UnixListener> successor = UnixListener::Listen(options());
  ASSERT_TRUE(successor.ok());
  server_.reset();
  EXPECT_TRUE(successor->FileIsOurs());
}

// UAPI trap 3: wgctrl reads a set's answer with one read of 32 bytes.
TEST_F(SocketServerTest, AnswersASetInOneWrite) {
  ServeUapi();
  const UniqueFd client = Connect();
  Send(client, "set=1\nfwmark=7\n\n");
  Turn();
  EXPECT_EQ(ReadOnce(client, 32), "errno=0\n\n");
  ASSERT_EQ(device_.updates.size(), 1u);
  EXPECT_EQ(device_.updates[0].fwmark, 7u);
}

// UAPI trap 2.
TEST_F(SocketServerTest, AnswersARefusedSetWithANegativeErrno) {
  ServeUapi();
  device_.apply_error = EADDRINUSE;
  const UniqueFd client = Connect();
  Send(client, "set=1\nlisten_port=7\n\n");
  Turn();
  EXPECT_EQ(ReadOnce(client), "errno=-" + std::to_string(EADDRINUSE) + "\n\n");
}

TEST_F(SocketServerTest, AppliesNothingOfAMalformedSet) {
  ServeUapi();
  const UniqueFd client = Connect();
  Send(client, "set=1\nfwmark=7\nno_such_key=1\n\n");
  Turn();
  EXPECT_EQ(ReadOnce(client), "errno=-" + std::to_string(EINVAL) + "\n\n");
  EXPECT_TRUE(device_.updates.empty());
}

TEST_F(SocketServerTest, CarriesManyOperationsOnOneConnection) {
  ServeUapi();
  const UniqueFd client = Connect();
  Send(client, "set=1\nfwmark=7\n\nget=1\n\nset=1\nfwm");
  Turn();
  const std::optional<std::string> answers = ReadOnce(client);
  ASSERT_TRUE(answers.has_value());
  EXPECT_TRUE(answers->starts_with("errno=0\n\n"));
  EXPECT_TRUE(answers->ends_with("errno=0\n\n"));
  Send(client, "ark=9\n\n");
  Turn();
  EXPECT_EQ(ReadOnce(client), "errno=0\n\n");
  ASSERT_EQ(device_.updates.size(), 2u);
  EXPECT_EQ(device_.updates[1].fwmark, 9u);
}

TEST_F(SocketServerTest, HangsUpOnWhatIsNoOperation) {
  ServeUapi();
  const UniqueFd client = Connect();
  Send(client, "hello\n\n");
  Turn();
  const std::optional<std::string> answer = ReadOnce(client);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->starts_with("errno="));
  EXPECT_EQ(ReadOnce(client), "");
  EXPECT_EQ(server_->connection_count(), 0u);
}

TEST_F(SocketServerTest, AClientThatDoesNotReadHoldsUpNobody) {
  AddPeers(200, 500);  // 2.5 MB of text: far more than a socket buffers
  ServeUapi();
  const UniqueFd stalled = Connect();
  Send(stalled, "get=1\n\n");
  Turn(50);
  const UniqueFd other = Connect();
  Send(other, "set=1\nfwmark=1\n\n");
  Turn(50);
  EXPECT_EQ(ReadOnce(other), "errno=0\n\n");

  // The stalled one gets the whole answer once it reads.
  std::string text;
  while (!text.ends_with("errno=0\n\n")) {
    Turn(1);
    const std::optional<std::string> part = ReadOnce(stalled);
    if (part.has_value()) text += *part;
  }
  size_t lines = 0;
  for (size_t at = 0; (at = text.find("allowed_ip=", at)) != std::string::npos; ++at) ++lines;
  EXPECT_EQ(lines, 200u * 500u);
}

TEST_F(SocketServerTest, AClientThatNeverReadsIsGivenUp) {
  AddPeers(200, 500);
  ServeUapi();
  const UniqueFd stalled = Connect();
  EXPECT_TRUE(server_->due().IsInfiniteFuture());
  Send(stalled, "get=1\n\n");
  Turn(50);
  const Instant due = server_->due();
  EXPECT_FALSE(due.IsInfiniteFuture());
  server_->CloseStalled(due - absl::Milliseconds(1));
  EXPECT_EQ(server_->connection_count(), 1u);
  server_->CloseStalled(due);
  EXPECT_EQ(server_->connection_count(), 0u);
  EXPECT_TRUE(server_->due().IsInfiniteFuture());
}

// Has a long answer once `ready` is set, without having been asked.
class LateAnswer final : public Conversation {
 public:
  explicit LateAnswer(const bool* ready) : ready_(ready) {}
  void Receive(std::string_view) override {}
  bool Produce(std::string* out, size_t about_bytes) override {
    if (*ready_) out->append(about_bytes, 'a');
    return true;
  }

 private:
  const bool* const ready_;
};

TEST_F(SocketServerTest, TheTimeOfAStalledClientBeginsWithItsAnswer) {
  bool ready = false;
  Serve([&ready] { return std::make_unique<LateAnswer>(&ready); });
  const UniqueFd client = Connect();
  Turn();
  ASSERT_EQ(server_->connection_count(), 1u);
  ready = true;
  const Instant before = BootNow();
  server_->Poke();
  ASSERT_FALSE(server_->due().IsInfiniteFuture());
  EXPECT_GE(server_->due(), before + SocketServer::kStalledAfter);
  Turn(50);  // until the socket is full
  const Instant due = server_->due();
  Turn(50);
  EXPECT_EQ(server_->due(), due) << "nothing has moved";
  while (ReadOnce(client).has_value()) continue;
  Turn();
  EXPECT_GT(server_->due(), due) << "the client has read";
}

TEST_F(SocketServerTest, AnIdleClientIsNotGivenUp) {
  ServeUapi();
  const UniqueFd client = Connect();
  Send(client, "set=1\n\n");
  Turn();
  EXPECT_TRUE(server_->due().IsInfiniteFuture());
  server_->CloseStalled(Instant::InfiniteFuture() - absl::Seconds(1));
  EXPECT_EQ(server_->connection_count(), 1u);
}

TEST_F(SocketServerTest, TheStatusOfManyPeersComesInParts) {
  AddPeers(100, 500);
  ServeStatus();
  const UniqueFd client = Connect();
  Send(client, "status\n");
  std::string text;
  while (!text.ends_with("\n")) {
    Turn(1);
    const std::optional<std::string> part = ReadOnce(client);
    if (part.has_value()) text += *part;
  }
  const absl::StatusOr<StatusReport> report = ReportFromJson(text);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->device.peers.size(), 100u);
  EXPECT_EQ(report->device.peers[99].public_key, device_.status.peers[99].public_key);
  EXPECT_EQ(report->device.peers[99].allowed_ips.size(), 500u);
}

TEST_F(SocketServerTest, TheQuietestConnectionGivesWayWhenThereAreTooMany) {
  ServeUapi();
  std::vector<UniqueFd> clients;
  for (size_t i = 0; i < SocketServer::kConnectionsMax; ++i) {
    clients.push_back(Connect());
    Turn(1);
  }
  Send(clients[0], "set=1\n\n");  // so that the second is the one that was silent for longest
  Turn();
  const UniqueFd late = Connect();
  Turn();
  EXPECT_EQ(server_->connection_count(), SocketServer::kConnectionsMax);
  EXPECT_EQ(ReadOnce(clients[0]), "errno=0\n\n");
  EXPECT_EQ(ReadOnce(clients[1]), "");
  Send(late, "set=1\n\n");
  Turn();
  EXPECT_EQ(ReadOnce(late), "errno=0\n\n");
}

TEST_F(SocketServerTest, StatusIsOneLineWithoutSecrets) {
  AddPeers(1, 1);
  crypto::PrivateKey private_key;
  private_key.bytes()[0] = 0x42;
  device_.status.private_key = private_key;
  device_.status.peers[0].preshared_key.bytes()[0] = 0x43;
  ServeStatus();
  const UniqueFd client = Connect();
  Send(client, "status\n");
  Turn();
  const std::optional<std::string> answer = ReadOnce(client);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->find('\n'), answer->size() - 1);
  EXPECT_EQ(answer->find(KeyToBase64(private_key.bytes())), std::string::npos);
  EXPECT_EQ(answer->find(KeyToBase64(device_.status.peers[0].preshared_key.bytes())),
            std::string::npos);
  const absl::StatusOr<StatusReport> report = ReportFromJson(*answer);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->has_private_key);
  EXPECT_TRUE(report->has_preshared_key[0]);
}

TEST_F(SocketServerTest, StatusSocketChangesNothing) {
  ServeStatus();
  const UniqueFd client = Connect();
  const std::string forget = "forget " + KeyToBase64(crypto::PublicKey{}) + "\n";
  for (const std::string& request : {std::string("reload\n"), std::string("save\n"), forget}) {
    Send(client, request);
    Turn();
    const std::optional<std::string> answer = ReadOnce(client);
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(answer->starts_with("{\"error\":")) << request << *answer;
  }
  EXPECT_TRUE(device_.forgotten.empty());
  EXPECT_TRUE(device_.updates.empty());
  Send(client, "ping\n");
  Turn();
  EXPECT_EQ(ReadOnce(client), "{\"ok\":true}\n");
}

TEST_F(SocketServerTest, StatusSocketHangsUpOnALineWithoutEnd) {
  ServeStatus();
  const UniqueFd client = Connect();
  Send(client, std::string(1000, 'x'));
  Turn();
  EXPECT_EQ(ReadOnce(client), "");
}

}  // namespace
}  // namespace ringwire::platform
