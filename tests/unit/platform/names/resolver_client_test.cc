#include "platform/names/resolver_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/mutex.h"
#include "fmt/format.h"
#include "platform/base/unique_fd.h"
#include "platform/names/resolver_process.h"
#include "tests/unit/platform/sandbox/posix_thread.h"

namespace ringwire::platform {
namespace {

std::vector<SocketAddress> Addresses(std::initializer_list<const char*> texts) {
  std::vector<SocketAddress> addresses;
  for (const char* const text : texts) addresses.push_back({*IpAddress::Parse(text), 0, 0});
  return addresses;
}

// A name server on the loopback address that knows one IPv4 and one IPv6 address for every name.
class NameServer {
 public:
  NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(own);
    auto* const address = reinterpret_cast<sockaddr*>(&own);
    if (::bind(socket_.get(), address, size) != 0) ADD_FAILURE() << "bind";
    if (::getsockname(socket_.get(), address, &size) != 0) ADD_FAILURE() << "getsockname";
    text_ = fmt::format("127.0.0.1:{}", ntohs(own.sin_port));
    thread_.emplace([this] {
      while (Answer()) {
      }
    });
  }
  ~NameServer() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.reset();
  }

  const std::string& text() const { return text_; }
  int asked() const {
    MutexLock lock(&mutex_);
    return asked_;
  }

 private:
  bool Answer() {
    std::array<uint8_t, 512> message{};
    sockaddr_in client{};
    socklen_t client_size = sizeof(client);
    auto* const address = reinterpret_cast<sockaddr*>(&client);
    const ssize_t size = ::recvfrom(socket_.get(), message.data(), 256, 0, address, &client_size);
    if (size < 17) return false;
    {
      MutexLock lock(&mutex_);
      ++asked_;
    }
    size_t end = 12;  // of the question; additional records are left out
    while (message[end] != 0) end += 1U + message[end];
    const bool is_v6 = message[end + 2] == 28;
    end += 5;
    message[2] = 0x81;
    message[3] = 0x80;
    message[7] = 1;
    message[10] = message[11] = 0;
    const std::string record = is_v6 ? std::string(
                                           "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10"
                                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1",
                                           28)
                                     : std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\7", 16);
    std::copy(record.begin(), record.end(), message.begin() + static_cast<std::ptrdiff_t>(end));
    ::sendto(socket_.get(), message.data(), end + record.size(), 0, address, client_size);
    return true;
  }

  UniqueFd socket_;
  std::string text_;
  mutable Mutex mutex_;
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<PosixThread> thread_;
};

// The resolver itself, in a process of its own, confined.
absl::StatusOr<pid_t> StartResolver(PacketChannel its_end) {
  const pid_t supervisor = ::getpid();
  const pid_t child = ::fork();
  if (child > 0) return child;
  ::_exit(RunResolver(UniqueFd(::fcntl(its_end.fd(), F_DUPFD_CLOEXEC, 0)), supervisor));
}

TEST(ResolverClientTest, AsksTheNameServersThatItIsGiven) {
  const NameServer server;
  ResolverClient client(&StartResolver);
  for (int i = 1; i <= 2; ++i) {
    auto found = client.LookUp({.host = "gateway.example", .servers = server.text()});
    ASSERT_TRUE(found.ok()) << found.status();
    std::ranges::sort(*found);  // whether IPv6 is in reach here is not for this test
    EXPECT_EQ(*found, Addresses({"127.0.0.7", "::1"}));
    EXPECT_EQ(server.asked(), 2 * i);
  }
}

TEST(ResolverClientTest, ReadsTheHostsFileAndAsksNobodyIfSoWanted) {
  const NameServer server;
  ResolverClient client(&StartResolver);
  const auto found =
      client.LookUp({.host = "localhost", .servers = server.text(), .hosts_only = true});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(
      client.LookUp({.host = "gateway.example", .servers = server.text(), .hosts_only = true})
          .ok());
  EXPECT_EQ(server.asked(), 0);
}

TEST(ResolverClientTest, RefusesWhatIsNoName) {
  ResolverClient client(&StartResolver);
  EXPECT_TRUE(absl::IsInvalidArgument(client.LookUp({.host = std::string(256, 'n')}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(client.LookUp({.host = ""}).status()));
}

TEST(ResolverClientTest, StartsAnotherProcessWhenOneHasEnded) {
  const NameServer server;
  pid_t latest = -1;
  int started = 0;
  ResolverClient client([&](PacketChannel its_end) {
    ++started;
    const auto process = StartResolver(std::move(its_end));
    latest = *process;
    return process;
  });
  const NameQuestion question{.host = "gateway.example", .servers = server.text()};
  EXPECT_TRUE(client.LookUp(question).ok());
  ASSERT_EQ(::kill(latest, SIGKILL), 0);
  // It may be noticed with the question only.
  if (!client.LookUp(question).ok()) EXPECT_TRUE(client.LookUp(question).ok());
  EXPECT_EQ(started, 2);
}

// One that was taken over: what it says is bounded, and it gets no socket but to a name server.
TEST(ResolverClientTest, BelievesNothingButAnAnswer) {
  const auto talk = [](std::string_view bytes) {
    ResolverClient client([bytes = std::string(bytes)](PacketChannel its_end) {
      const pid_t child = ::fork();
      if (child == 0) {
        const auto question = its_end.Receive();
        while (question.ok() && its_end.Send(bytes).ok()) {
        }
        ::_exit(0);
      }
      return absl::StatusOr<pid_t>(child);
    });
    return client.LookUp({.host = "a.example", .servers = "127.0.0.1:53"}).status();
  };
  EXPECT_TRUE(absl::IsUnavailable(talk("nonsense")));
  EXPECT_TRUE(absl::IsUnavailable(talk(std::string(sizeof(ResolverAnswer), '\x7f')))) << "id";
  EXPECT_TRUE(absl::IsUnavailable(talk(BytesOf(ResolverWish{.id = 1, .server = 200}))))
      << "wishes without an end";
}

}  // namespace
}  // namespace ringwire::platform
