#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "tests/unit/platform/portal/portal_fixture.h"

// The program `curl` as a client: another implementation of TLS and HTTP, as people will use it.
namespace ringwire::platform {
namespace {

class CurlTest : public PortalFixture {
 protected:
  CurlTest() {
    std::string pattern = testing::TempDir() + "/portal-curl-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(folder_ + "/ca.pem") << ca_.CertificatePem();
    std::ofstream(folder_ + "/login.json")
        << R"({"public_key":"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",)"
        << R"("device":"laptop","user":"alice","password":"secret","unknown":1})";
  }
  ~CurlTest() override { std::filesystem::remove_all(folder_); }

  // Curl's output: the body, then the status.
  std::string Curl(const std::string& path, const std::string& options = "") {
    const unsigned port = ntohs(port_);
    const std::string command = fmt::format(
        "curl -sS --max-time 60 --noproxy '*' --cacert {0}/ca.pem "
        "--resolve vpn.example.net:{1}:127.0.0.1 -w ' %{{http_code}}' {2} "
        "https://vpn.example.net:{1}{3} 2>&1",
        folder_, port, options, path);
    FILE* const curl = ::popen(command.c_str(), "r");
    std::string output;
    std::array<char, 4096> chunk;
    while (true) {
      pollfd wait{::fileno(curl), POLLIN, 0};
      if (::poll(&wait, 1, 10) == 0) {
        Serve();
        continue;
      }
      const ssize_t size = ::read(wait.fd, chunk.data(), chunk.size());
      if (size <= 0) break;
      output.append(chunk.data(), static_cast<size_t>(size));
    }
    ::pclose(curl);
    return output;
  }

  std::string folder_;
};

TEST_F(CurlTest, SpeaksTheApi) {
  Start();
  decide_ = [](const auto& message) {
    enrol::Verdict verdict;
    verdict.id = std::visit([](const auto& kind) { return kind.id; }, message);
    verdict.code = enrol::VerdictCode::kGranted;
    verdict.given = PortalFixtureLease();
    return verdict;
  };
  const std::string discovery = Curl("/ringwire/v1/");
  EXPECT_NE(discovery.find("\"methods\":[\"password\"]"), std::string::npos) << discovery;
  EXPECT_TRUE(discovery.ends_with("} 200"));
  const std::string json = "-H 'Content-Type: application/json' -d @" + folder_ + "/login.json";
  const std::string login = Curl("/ringwire/v1/leases", json);
  EXPECT_TRUE(login.ends_with("} 201")) << login;
  EXPECT_NE(login.find("\"addresses\":[\"10.77.0.5\"]"), std::string::npos) << login;
  const std::string bearer =
      "-H 'Authorization: Bearer " + Base64Url(PortalFixtureLease().token.bytes()) + "' ";
  EXPECT_TRUE(Curl("/ringwire/v1/lease",
                   bearer + "-H 'Content-Type: application/json' -d '{\"revision\":3}'")
                  .ends_with("\"session_ends_in\":86400} 200"));
  EXPECT_EQ(Curl("/ringwire/v1/lease", bearer + "-X DELETE"), " 204");
}

TEST_F(CurlTest, SeesTheStatusOfWhatIsRefused) {
  Start();
  EXPECT_EQ(Curl("/"), "{\"error\":\"not_found\"} 404");
  EXPECT_EQ(Curl("/ringwire/v1/leases"), "{\"error\":\"method_not_allowed\"} 405");
  EXPECT_EQ(Curl("/ringwire/v1/leases", "-d x=y"), "{\"error\":\"unsupported_type\"} 415");
  EXPECT_EQ(Curl("/ringwire/v1/lease", "-X DELETE"), "{\"error\":\"credentials\"} 401");
  EXPECT_EQ(Curl("/ringwire/v1/", "-H 'Host: other.example'"), "{\"error\":\"misdirected\"} 421");
  EXPECT_EQ(Curl("/ringwire/v1/", "--http1.0 --no-alpn"), "{\"error\":\"version\"} 505");
  EXPECT_NE(Curl("/ringwire/v1/", "--tls-max 1.2").find("alert"), std::string::npos);
}

}  // namespace
}  // namespace ringwire::platform
