#include "platform/names/name_cache.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "platform/base/unique_fd.h"
#include "platform/names/tunnel_safe_resolver.h"

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
    thread_ = std::thread([this] {
      while (Answer()) {
      }
    });
  }
  ~NameServer() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }

  const std::string& text() const { return text_; }
  int asked() const { return asked_; }

 private:
  bool Answer() {
    std::array<uint8_t, 512> message{};
    sockaddr_in client{};
    socklen_t client_size = sizeof(client);
    auto* const address = reinterpret_cast<sockaddr*>(&client);
    const ssize_t size = ::recvfrom(socket_.get(), message.data(), 256, 0, address, &client_size);
    if (size < 17) return false;
    ++asked_;
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
  std::atomic<int> asked_ = 0;
  std::thread thread_;
};

TEST(LookUpByMarkTest, AsksTheNameServersThatItIsGiven) {
  const NameServer server;
  auto found = LookUpByMark("gateway.example", {0, server.text(), false});
  ASSERT_TRUE(found.ok()) << found.status();
  std::ranges::sort(*found);  // whether IPv6 is in reach here is not for this test
  EXPECT_EQ(*found, Addresses({"127.0.0.7", "::1"}));
  EXPECT_EQ(server.asked(), 2);
}

TEST(LookUpByMarkTest, ReadsTheHostsFileAndAsksNobodyIfSoWanted) {
  const NameServer server;
  const auto found = LookUpByMark("localhost", {0, server.text(), true});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(LookUpByMark("gateway.example", {0, server.text(), true}).ok());
  EXPECT_EQ(server.asked(), 0);
}

TEST(NameSourceTest, BehindAKillSwitchWhatIsKnownHasToDo) {
  const NameServer server;
  NameSource source;
  source.SetRules({.mark = 1, .servers = server.text(), .may_ask = false});
  const auto unknown = source.LookUp("gateway.example");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(unknown.status().ToString().find("KillSwitch = on, dns"), std::string::npos);
  source.SetKnown({{"gateway.example", Addresses({"192.0.2.1"})}});
  const auto known = source.LookUp("gateway.example");
  ASSERT_TRUE(known.ok());
  EXPECT_EQ(*known, Addresses({"192.0.2.1"}));
  EXPECT_EQ(server.asked(), 0);
}

TEST(KnownNamesTest, ComeBackFromTheirFile) {
  const std::string path = testing::TempDir() + "/known.names";
  const KnownNames known = {{"a.example", Addresses({"192.0.2.1", "2001:db8::1"})},
                            {"b \"c\"\n", Addresses({"192.0.2.2"})}};
  ASSERT_TRUE(SaveKnownNames(path, known).ok());
  EXPECT_EQ(LoadKnownNames(path), known);
  ASSERT_TRUE(SaveKnownNames(path, {{"\xff", Addresses({"192.0.2.1"})}}).ok());
  EXPECT_FALSE(LoadKnownNames(path).contains("\xff")) << "it is no UTF-8";
  ASSERT_TRUE(SaveKnownNames(path, {}).ok());
  EXPECT_EQ(LoadKnownNames(path), KnownNames());
  ::unlink(path.c_str());
}

TEST(KnownNamesTest, AFileOfAnythingElseIsAsNone) {
  const std::string path = testing::TempDir() + "/bad.names";
  for (const char* const text : {"", "x", "[]", "7", "{\"a\":7}", "{\"a\":[7,\"x\"]}", "{\"a\""}) {
    std::ofstream(path) << text;
    EXPECT_EQ(LoadKnownNames(path), KnownNames()) << text;
  }
  ::unlink(path.c_str());
  EXPECT_EQ(LoadKnownNames(path), KnownNames());
  EXPECT_FALSE(SaveKnownNames("/nonexistent/x.names", {}).ok());
}

}  // namespace
}  // namespace ringwire::platform
