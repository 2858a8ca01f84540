#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "platform/base/unique_fd.h"
#include "platform/tls/key_exchange.h"
#include "platform/tls/session_keys.h"
#include "tests/unit/platform/tls/session_pair.h"

// Handshakes with the program `openssl`, another implementation of TLS.
namespace ringwire::platform {
namespace {

class OpensslPeerTest : public testing::Test {
 protected:
  OpensslPeerTest() {
    std::string pattern = testing::TempDir() + "/openssl-peer-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(folder_ + "/ca.pem") << ca_.CertificatePem();
    std::ofstream(folder_ + "/server.pem") << identity_.CertificatePem() << identity_.KeyPem();
    const std::vector<Certificate> chain = ChainOf({&identity_});
    server_ = TlsContext::ForServer({chain, {"vpn.example.net"}}).value();
  }
  ~OpensslPeerTest() override { std::filesystem::remove_all(folder_); }

  // A listening socket of 127.0.0.1, and its port.
  static std::pair<UniqueFd, uint16_t> Listen() {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(name);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(::listen(fd.get(), 1), 0);
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size);
    return {std::move(fd), ntohs(name.sin_port)};
  }

  // Moves bytes between the session and the socket until both ends are established or one refuses.
  void Shake(int socket, TlsSession* session) {
    const SigningKey key = SigningKey::FromPem(identity_.KeyPem()).value();
    while (true) {
      const TlsStep step = session->Handshake();
      const std::span<const uint8_t> data = session->outgoing().data();
      ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
      session->outgoing().Consume(data.size());
      if (step == TlsStep::kDone || step == TlsStep::kFailed) return;
      if (step == TlsStep::kSignature) {
        const TlsSigningRequest& asked = session->to_sign();
        session->GiveSignature(key.SignServerHandshake(asked.algorithm, asked.input).value());
        continue;
      }
      pollfd wait{socket, POLLIN, 0};
      ASSERT_EQ(::poll(&wait, 1, 60'000), 1) << "no answer";
      const std::span<uint8_t> space = session->incoming().Space();
      const ssize_t size = ::recv(socket, space.data(), space.size(), 0);
      if (size <= 0) session->EndInput();
      session->incoming().Append(size > 0 ? static_cast<size_t>(size) : 0);
    }
  }

  struct Outcome {
    std::unique_ptr<TlsSession> session;
    std::string output;  // of `openssl s_client`
  };
  Outcome ServeClient(const std::string& options) {
    const auto [listener, port] = Listen();
    const std::string command = fmt::format(
        "openssl s_client -connect 127.0.0.1:{} -CAfile {}/ca.pem -verify_return_error {} "
        "</dev/null 2>&1",
        port, folder_, options);
    FILE* const client = ::popen(command.c_str(), "r");
    Outcome outcome{TlsSession::Make(server_, kTestNow).value(), {}};
    {
      const UniqueFd socket(::accept(listener.get(), nullptr, nullptr));
      Shake(socket.get(), outcome.session.get());
    }
    std::array<char, 4096> chunk;
    for (size_t size; (size = ::fread(chunk.data(), 1, chunk.size(), client)) > 0;) {
      outcome.output.append(chunk.data(), size);
    }
    ::pclose(client);
    return outcome;
  }

  const TestIdentity ca_ = MakeCa("Example CA");
  const TestIdentity identity_ =
      MakeIdentity({.not_before = kLongAgo, .not_after = kFarFuture}, &ca_);
  std::shared_ptr<const TlsContext> server_;
  std::string folder_;
};

TEST_F(OpensslPeerTest, AClientOfOpensslDerivesTheSameKeys) {
  const Outcome outcome = ServeClient(
      "-servername vpn.example.net -verify_hostname vpn.example.net -alpn h2,http/1.1 "
      "-keymatexport EXPORTER-Channel-Binding -keymatexportlen 32");
  ASSERT_TRUE(outcome.session->established()) << outcome.session->failure() << outcome.output;
  const ChannelBinding ours = ChannelBindingOf(*outcome.session).value();
  std::string binding;
  for (const uint8_t byte : ours) binding += fmt::format("{:02X}", byte);
  EXPECT_NE(outcome.output.find("Keying material: " + binding), std::string::npos)
      << outcome.output;
  EXPECT_NE(outcome.output.find("ALPN protocol: http/1.1"), std::string::npos);
  EXPECT_NE(outcome.output.find("Verify return code: 0 (ok)"), std::string::npos);
  EXPECT_EQ(outcome.output.find("Post-Handshake New Session Ticket"), std::string::npos);
}

TEST_F(OpensslPeerTest, RefusesTls12AndForeignNamesAndForeignProtocols) {
  for (const char* const options :
       {"-servername vpn.example.net -tls1_2", "-servername other.example",
        "-servername vpn.example.net -alpn h2", "-servername vpn.example.net -groups secp521r1"}) {
    const Outcome outcome = ServeClient(options);
    EXPECT_FALSE(outcome.session->established()) << options;
    EXPECT_NE(outcome.output.find("alert"), std::string::npos) << outcome.output;
  }
}

TEST_F(OpensslPeerTest, ShakesHandsAfterARetryWithAnotherGroup) {
  const Outcome outcome = ServeClient("-servername vpn.example.net -groups P-256");
  ASSERT_TRUE(outcome.session->established()) << outcome.output;
  EXPECT_EQ(KeyExchangeName(outcome.session->key_exchange()), "P-256");
}

}  // namespace
}  // namespace ringwire::platform
