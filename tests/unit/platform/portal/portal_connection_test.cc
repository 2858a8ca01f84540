#include "platform/portal/portal_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "platform/portal/portal_limits.h"
#include "platform/tls/signing_key.h"
#include "tests/unit/platform/portal/portal_client.h"
#include "tests/unit/platform/tls/test_certificate.h"

namespace ringwire::platform {
namespace {

using Wish = PortalConnection::Wish;

const Instant kStart = Instant::FromNanoseconds(1'000'000'000);

// A connection in the test's own time, with a client at the other end of a socket pair.
class PortalConnectionTest : public testing::Test {
 protected:
  PortalConnectionTest() {
    const std::vector<Certificate> chain = ChainOf({&identity_});
    auto serving = std::make_shared<Serving>();
    serving->tls = TlsContext::ForServer({chain, {"vpn.example.net"}}).value();
    serving->settings.server_names = {"vpn.example.net"};
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    connection_ =
        PortalConnection::Make(UniqueFd(ends[0]), *IpAddress::Parse("192.0.2.1"), serving, kStart)
            .value();
    client_ = std::make_unique<PortalClient>(
        UniqueFd(ends[1]),
        TlsSession::Make(
            TlsContext::ForClient(
                {{"vpn.example.net", TrustAnchors::FromPem(ca_.CertificatePem()).value(), {}}})
                .value(),
            kTestNow)
            .value(),
        [this] { Serve(); });
  }

  void Serve() {
    if (wish_ == Wish::kEnd) connection_.reset();
    if (wish_ == Wish::kEnd || wish_ == Wish::kDecision) return;
    wish_ = connection_->Advance(now_);
    if (wish_ != Wish::kSignature) return;
    const TlsSigningRequest& asked = connection_->session().to_sign();
    connection_->GiveSignature(key_.SignServerHandshake(asked.algorithm, asked.input).value());
    wish_ = connection_->Advance(now_);
  }
  void AskToEnd() {
    ASSERT_TRUE(client_->Shake());
    client_->SendRaw(ToHttpMessage(WriteApiRequest(ApiEnd{}), "vpn.example.net"));
    Serve();
    ASSERT_EQ(wish_, Wish::kDecision);
  }

  const TestIdentity ca_ = MakeCa("Example CA");
  const TestIdentity identity_ = MakeIdentity({}, &ca_);
  const SigningKey key_ = SigningKey::FromPem(identity_.KeyPem()).value();
  std::unique_ptr<PortalConnection> connection_;
  std::unique_ptr<PortalClient> client_;
  Instant now_ = kStart;
  Wish wish_ = Wish::kNothing;
};

TEST_F(PortalConnectionTest, ASilentClientIsClosedWithoutAWord) {
  EXPECT_EQ(connection_->deadline(), kStart + kHandshakePatience);
  EXPECT_EQ(connection_->Expire(connection_->deadline()), Wish::kEnd);
}

TEST_F(PortalConnectionTest, AClientThatAsksNothingIsClosedWithoutAWord) {
  ASSERT_TRUE(client_->Shake());
  Serve();
  EXPECT_EQ(connection_->deadline(), kStart + kStrangerIdlePatience);
  EXPECT_EQ(connection_->Expire(connection_->deadline()), Wish::kEnd);
}

TEST_F(PortalConnectionTest, ASlowRequestHasOneDeadlineFromItsFirstByte) {
  ASSERT_TRUE(client_->Shake());
  Serve();
  const std::string request = "GET /ringwire/v1/ HTTP/1.1\r\n";
  for (size_t i = 0; i < request.size(); ++i) {
    now_ = kStart + absl::Milliseconds(100 * i);
    client_->SendRaw(request.substr(i, 1));
    Serve();
    ASSERT_EQ(connection_->deadline(), kStart + kRequestPatience) << i;
  }
  wish_ = connection_->Expire(connection_->deadline());
  EXPECT_EQ(client_->Receive()->status, 408);
  EXPECT_TRUE(client_->IsClosed());
}

TEST_F(PortalConnectionTest, ADecisionThatDoesNotComeIsAnsweredAsBusy) {
  AskToEnd();
  EXPECT_EQ(connection_->events(), 0u) << "it reads nothing meanwhile";
  wish_ = connection_->Expire(connection_->deadline());
  EXPECT_EQ(client_->Receive()->status, 503);
}

TEST_F(PortalConnectionTest, AClientThatHasShownItsProofMayStayLonger) {
  AskToEnd();
  connection_->Answer(EndAnswer(), /*shows_proof=*/true, now_);
  wish_ = connection_->Advance(now_);
  EXPECT_EQ(client_->Receive()->status, 204);
  EXPECT_FALSE(connection_->is_stranger());
  EXPECT_EQ(connection_->deadline(), now_ + kIdlePatience);
}

TEST_F(PortalConnectionTest, AClientThatDoesNotReadHasADeadline) {
  AskToEnd();
  const HttpResponse large{.status = 200, .body = std::string(10'000'000, 'x')};
  connection_->Answer(large, /*shows_proof=*/true, now_);
  EXPECT_EQ(connection_->Advance(now_), Wish::kNothing);
  EXPECT_EQ(connection_->deadline(), now_ + kAnswerPatience);
  EXPECT_EQ(connection_->Expire(connection_->deadline()), Wish::kEnd);
}

}  // namespace
}  // namespace ringwire::platform
