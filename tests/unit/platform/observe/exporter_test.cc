#include "platform/observe/exporter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "platform/base/event_fd.h"
#include "platform/observe/http_server.h"

namespace ringwire::platform {
namespace {

class ExporterTest : public testing::Test {
 protected:
  explicit ExporterTest(bool has_page = false) : has_page_(has_page) {
    absl::StatusOr<UniqueFd> listener = HttpServer::Listen({*IpAddress::Parse("127.0.0.1"), 0, 0});
    EXPECT_TRUE(listener.ok()) << listener.status();
    sockaddr_in name{};
    socklen_t size = sizeof(name);
    ::getsockname(listener->get(), reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
    auto exporter = Exporter::Start(*std::move(listener), stop_.get(),
                                    {"1.0", {}, [this] { return Collect(); }, Summaries()});
    EXPECT_TRUE(exporter.ok()) << exporter.status();
    exporter_ = *std::move(exporter);
    thread_ = std::thread([this] { EXPECT_TRUE(exporter_->Run().ok()); });
  }
  ~ExporterTest() override {
    go_on_.Raise();
    stop_.Raise();
    thread_.join();
  }

  // What the page's samples come from; none: the exporter has no page.
  std::function<std::vector<InterfaceStatus>()> Summaries() {
    if (!has_page_) return nullptr;
    return [this] {
      ++samples_;
      StatusReport report;
      report.interface_name = "wg0";
      return std::vector<InterfaceStatus>{{"wg0", report}};
    };
  }

  std::vector<InterfaceStatus> Collect() {
    ++collections_;
    if (holds_) go_on_.Wait(-1);
    StatusReport report;
    report.interface_name = "wg0";
    report.link_up = true;
    report.stage = stage_;
    return {{"wg0", report}};
  }

  UniqueFd Connect() const {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    return fd;
  }
  static void Send(const UniqueFd& fd, const std::string& text) {
    ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  static std::string ReadAll(const UniqueFd& fd) {
    std::string text;
    char chunk[4096];
    for (ssize_t size; (size = ::recv(fd.get(), chunk, sizeof(chunk), 0)) > 0;) {
      text.append(chunk, static_cast<size_t>(size));
    }
    return text;
  }
  std::string Get(const std::string& path) const {
    const UniqueFd fd = Connect();
    Send(fd, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return ReadAll(fd);
  }

  const bool has_page_;
  std::atomic<int> samples_{0};
  std::atomic<int> collections_{0};
  std::atomic<bool> holds_{false};
  std::atomic<ServiceStage> stage_{ServiceStage::kReady};
  EventFd go_on_;
  EventFd stop_;
  uint16_t port_ = 0;
  std::unique_ptr<Exporter> exporter_;
  std::thread thread_;
};

TEST_F(ExporterTest, ServesMetrics) {
  const std::string answer = Get("/metrics");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(answer.find("\nringwire_up{device=\"wg0\"} 1\n"), std::string::npos);
}

TEST_F(ExporterTest, HasNoPageUnlessAskedFor) {
  for (const char* const path : {"/", "/page/summary", "/page/peers"}) {
    EXPECT_TRUE(Get(path).starts_with("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(ExporterTest, IsHealthyWithoutAskingAnybody) {
  EXPECT_TRUE(Get("/healthz").ends_with("\r\n\r\nok\n"));
  EXPECT_EQ(collections_, 0);
}

TEST_F(ExporterTest, IsNotReadyWhileAnInterfaceDrains) {
  EXPECT_TRUE(Get("/readyz").starts_with("HTTP/1.1 200 "));
  stage_ = ServiceStage::kDraining;
  const std::string answer = Get("/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(answer.ends_with("wg0: draining\n"));
}

TEST_F(ExporterTest, RefusesOtherPagesAndWhatIsNoRequest) {
  EXPECT_TRUE(Get("/etc/passwd").starts_with("HTTP/1.1 404 "));
  const UniqueFd fd = Connect();
  Send(fd, "\x16\x03\x01 not a request\r\n\r\n");
  EXPECT_TRUE(ReadAll(fd).starts_with("HTTP/1.1 400 "));
}

TEST_F(ExporterTest, AnswersGetAndHeadOfBothVersions) {
  const auto answer = [this](const std::string& request) {
    const UniqueFd fd = Connect();
    Send(fd, request);
    return ReadAll(fd);
  };
  const std::string head = answer("HEAD /healthz HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
  EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_TRUE(answer("GET /healthz?x=1 HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("ok\n"));
  EXPECT_TRUE(answer("POST /healthz HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(answer("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
                  .starts_with("HTTP/1.1 413 "));
}

TEST_F(ExporterTest, ManyRequestsCostAtMostTwoCollections) {
  holds_ = true;
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(Connect());
    Send(clients.back(), "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_TRUE(Get("/healthz").starts_with("HTTP/1.1 200 "));  // it serves meanwhile
  holds_ = false;
  go_on_.Raise();
  for (const UniqueFd& client : clients) {
    EXPECT_TRUE(ReadAll(client).starts_with("HTTP/1.1 200 "));
  }
  EXPECT_LE(collections_, 2);
}

TEST_F(ExporterTest, IdleConnectionsMakeRoom) {
  std::vector<UniqueFd> idle;
  for (size_t i = 0; i < 3 * HttpServer::kConnectionsMax; ++i) {
    idle.push_back(Connect());
    Send(idle.back(), "GET /metr");
  }
  EXPECT_TRUE(Get("/healthz").starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(ReadAll(idle.front()), "");  // it was ended
}

TEST_F(ExporterTest, AClientThatLeavesDisturbsNobody) {
  holds_ = true;
  {
    const UniqueFd gone = Connect();
    Send(gone, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(Get("/healthz").starts_with("HTTP/1.1 200 "));
  }
  holds_ = false;
  go_on_.Raise();
  EXPECT_TRUE(Get("/metrics").starts_with("HTTP/1.1 200 "));
}

class ExporterPageTest : public ExporterTest {
 protected:
  ExporterPageTest() : ExporterTest(true) {}
};

TEST_F(ExporterPageTest, ServesTheDocumentWithItsPolicy) {
  const std::string answer = Get("/");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html")) << answer;
  EXPECT_NE(answer.find("\r\nContent-Security-Policy: default-src 'none';"), std::string::npos);
  EXPECT_NE(answer.find("<!doctype html>"), std::string::npos);
}

TEST_F(ExporterPageTest, AnswersASummaryFromItsSamples) {
  while (samples_ == 0) std::this_thread::yield();
  while (Get("/page/summary").find("\"name\":\"wg0\"") == std::string::npos) {
  }
  EXPECT_EQ(collections_, 0);
}

TEST_F(ExporterPageTest, ManyBrowsersCostOneCollectionOfPeers) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(Get("/page/peers").find("\"peers\":["), std::string::npos);
  }
  EXPECT_LE(collections_, 2);  // a slow machine may need more than the seconds that one is good for
}

}  // namespace
}  // namespace ringwire::platform
