#include "platform/tls/tls_session.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>
#include <utility>
#include <vector>

#include "platform/tls/key_exchange.h"
#include "platform/tls/session_keys.h"
#include "tests/unit/platform/tls/session_pair.h"

namespace ringwire::platform {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class TlsSessionTest : public testing::Test {
 protected:
  // A peer that the library makes with its own defaults but for `version`.
  bssl::UniquePtr<SSL> ForeignPeer(uint16_t version, bssl::UniquePtr<SSL_CTX>* context) {
    context->reset(SSL_CTX_new(TLS_method()));
    SSL_CTX_set_max_proto_version(context->get(), version);
    SSL_CTX_use_certificate(context->get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context->get(), identity.key.get());
    bssl::UniquePtr<SSL> peer(SSL_new(context->get()));
    BIO* const incoming = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(incoming, -1);
    SSL_set_bio(peer.get(), incoming, BIO_new(BIO_s_mem()));
    return peer;
  }
  // Moves bytes between a session and such a peer until the session has its verdict.
  static TlsStep Shake(TlsSession* session, SSL* peer) {
    TlsStep step = TlsStep::kInput;
    for (int i = 0; i < 10 && step == TlsStep::kInput; ++i) {
      SSL_do_handshake(peer);
      const std::span<uint8_t> space = session->incoming().Space();
      const int size = BIO_read(SSL_get_wbio(peer), space.data(), static_cast<int>(space.size()));
      session->incoming().Append(size > 0 ? static_cast<size_t>(size) : 0);
      step = session->Handshake();
      const std::span<const uint8_t> data = session->outgoing().data();
      BIO_write(SSL_get_rbio(peer), data.data(), static_cast<int>(data.size()));
      session->outgoing().Consume(data.size());
    }
    return step;
  }
  std::unique_ptr<TlsSession> Client() {
    return TlsSession::Make(
               TlsContext::ForClient(
                   {{"vpn.example.net", TrustAnchors::FromPem(ca.CertificatePem()).value(), {}}})
                   .value(),
               kTestNow)
        .value();
  }
  std::unique_ptr<TlsSession> Server() {
    const std::vector<Certificate> chain = ChainOf({&identity});
    return TlsSession::Make(TlsContext::ForServer({chain, {"vpn.example.net"}}).value(), kTestNow)
        .value();
  }

  const TestIdentity ca = MakeCa("Example CA");
  const TestIdentity identity = MakeIdentity({}, &ca);
};

TEST_F(TlsSessionTest, ShakesHandsAndCarriesBytesBothWays) {
  SessionPair pair(ca, identity);
  pair.Shake();
  ASSERT_TRUE(pair.established()) << pair.client->failure() << pair.server->failure();
  EXPECT_EQ(pair.signatures, 1);
  std::vector<uint8_t> plain(100);
  ASSERT_EQ(pair.client->Write(Bytes("question")), TlsStep::kDone);
  MoveBytes(pair.client.get(), pair.server.get());
  TlsRead read = pair.server->Read(plain);
  EXPECT_EQ(read.step, TlsStep::kDone);
  EXPECT_EQ(std::string(plain.begin(), plain.begin() + static_cast<long>(read.size)), "question");
  ASSERT_EQ(pair.server->Write(Bytes("answer")), TlsStep::kDone);
  MoveBytes(pair.server.get(), pair.client.get());
  EXPECT_EQ(pair.client->Read(plain).size, 6u);
  EXPECT_EQ(pair.client->Read(plain).step, TlsStep::kInput);
}

TEST_F(TlsSessionTest, EveryKindOfKeyWorks) {
  for (const KeyKind kind :
       {KeyKind::kP256, KeyKind::kP384, KeyKind::kEd25519, KeyKind::kRsa2048}) {
    SessionPair pair(ca, MakeIdentity({}, &ca, kind));
    pair.Shake();
    EXPECT_TRUE(pair.established()) << static_cast<int>(kind) << pair.client->failure();
  }
}

TEST_F(TlsSessionTest, BytesOneAtATimeMakeTheSameHandshake) {
  SessionPair pair(ca, identity);
  pair.Shake(1);
  EXPECT_TRUE(pair.established());
}

TEST_F(TlsSessionTest, PrefersAHybridKeyExchange) {
  SessionPair pair(ca, identity);
  pair.Shake();
  EXPECT_TRUE(IsHybridKeyExchange(pair.client->key_exchange()));
  EXPECT_EQ(pair.client->key_exchange(), pair.server->key_exchange());
  for (const bool of_client : {false, true}) {
    SessionPair plain(ca, identity, of_client ? PostQuantum::kOff : PostQuantum::kAuto,
                      of_client ? PostQuantum::kAuto : PostQuantum::kOff);
    plain.Shake();
    ASSERT_TRUE(plain.established());
    EXPECT_EQ(KeyExchangeName(plain.server->key_exchange()), "X25519");
  }
}

TEST_F(TlsSessionTest, AClientThatRequiresAHybridExchangeRefusesAnother) {
  SessionPair pair(ca, identity, PostQuantum::kRequire, PostQuantum::kOff);
  pair.Shake();
  EXPECT_EQ(pair.client_step, TlsStep::kFailed);
  EXPECT_EQ(pair.client->failure().message(), "no post-quantum key exchange (X25519)");
  EXPECT_TRUE(absl::IsUnauthenticated(pair.client->failure()));
  SessionPair hybrid(ca, identity, PostQuantum::kRequire);
  hybrid.Shake();
  EXPECT_TRUE(hybrid.established());
}

TEST_F(TlsSessionTest, AClientRefusesAWrongServerAndTellsIt) {
  SessionPair pair(ca, MakeIdentity({.names = {"other.example"}}, &ca));
  pair.Shake();
  EXPECT_EQ(pair.client->failure().message(),
            "its certificate is for other.example; nothing was sent");
  EXPECT_FALSE(pair.client->established());
  EXPECT_EQ(pair.server_step, TlsStep::kFailed);
  EXPECT_FALSE(pair.server->established());
}

TEST_F(TlsSessionTest, APinNeedsNoCa) {
  const TestIdentity alone = MakeIdentity({});
  SessionPair pair(alone, {{"vpn.example.net", {}, KeyHashOf(*alone.certificate)}});
  pair.Shake();
  EXPECT_TRUE(pair.established());
  SessionPair other(MakeIdentity({}), {{"vpn.example.net", {}, KeyHashOf(*alone.certificate)}});
  other.Shake();
  EXPECT_TRUE(absl::IsUnauthenticated(other.client->failure()));
}

TEST_F(TlsSessionTest, AStolenCertificateIsOfNoUseWithoutItsKey) {
  SessionPair pair(ca, identity);
  pair.key = SigningKey::FromPem(MakeIdentity({}).KeyPem()).value();
  pair.Shake();
  EXPECT_FALSE(pair.client->established());
}

TEST_F(TlsSessionTest, AnotherServerNameIsRefused) {
  SessionPair pair(identity,
                   {{"other.example", TrustAnchors::FromPem(ca.CertificatePem()).value(), {}}});
  pair.Shake();
  EXPECT_EQ(pair.server_step, TlsStep::kFailed);
  EXPECT_EQ(pair.signatures, 0);
  EXPECT_EQ(pair.client->failure().message(), "the server does not know this name");
}

TEST_F(TlsSessionTest, AKeyThatRefusesToSignEndsTheHandshake) {
  SessionPair pair(ca, identity);
  pair.refuse_to_sign = true;
  pair.Shake();
  EXPECT_EQ(pair.server_step, TlsStep::kFailed);
  EXPECT_FALSE(pair.client->established());
}

TEST_F(TlsSessionTest, AServerWaitsForItsSignature) {
  SessionPair pair(ca, identity);
  pair.client->Handshake();
  MoveBytes(pair.client.get(), pair.server.get());
  EXPECT_EQ(pair.server->Handshake(), TlsStep::kSignature);
  EXPECT_EQ(pair.server->Handshake(), TlsStep::kSignature) << "asked again before the answer";
  EXPECT_TRUE(IsServerHandshake(pair.server->to_sign().input));
}

TEST_F(TlsSessionTest, NeitherSideSpeaksTls12) {
  bssl::UniquePtr<SSL_CTX> context;
  {
    const auto peer = ForeignPeer(TLS1_2_VERSION, &context);
    SSL_set_connect_state(peer.get());
    const auto server = Server();
    EXPECT_EQ(Shake(server.get(), peer.get()), TlsStep::kFailed);
    EXPECT_EQ(server->failure().message(), "the other end does not speak TLS 1.3");
  }
  {
    const auto peer = ForeignPeer(TLS1_2_VERSION, &context);
    SSL_set_accept_state(peer.get());
    const auto client = Client();
    EXPECT_EQ(Shake(client.get(), peer.get()), TlsStep::kFailed);
    EXPECT_EQ(client->failure().message(), "the other end does not speak TLS 1.3");
  }
}

TEST_F(TlsSessionTest, AClientThatOffersOnlyAnotherProtocolIsRefused) {
  bssl::UniquePtr<SSL_CTX> context;
  const auto peer = ForeignPeer(TLS1_3_VERSION, &context);
  constexpr uint8_t kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(peer.get(), kHttp2, sizeof(kHttp2));
  SSL_set_connect_state(peer.get());
  const auto server = Server();
  EXPECT_EQ(Shake(server.get(), peer.get()), TlsStep::kFailed);
}

TEST_F(TlsSessionTest, AServerGivesNoTickets) {
  SessionPair pair(ca, identity);
  pair.Shake();
  EXPECT_TRUE(pair.server->outgoing().data().empty());
  ASSERT_EQ(pair.server->Write(Bytes("x")), TlsStep::kDone);
  EXPECT_EQ(pair.server->outgoing().data().size(), 1u + 22u) << "one record and nothing beside it";
}

TEST_F(TlsSessionTest, BothEndsDeriveTheSameKeysAndOtherSessionsOthers) {
  SessionPair pair(ca, identity);
  EXPECT_FALSE(ChannelBindingOf(*pair.client).ok());
  pair.Shake();
  EXPECT_EQ(ChannelBindingOf(*pair.client).value(), ChannelBindingOf(*pair.server).value());
  const crypto::PublicKey a{1};
  const crypto::PublicKey b{2};
  EXPECT_EQ(PresharedKeyOf(*pair.client, a, b).value(), PresharedKeyOf(*pair.server, a, b).value());
  EXPECT_FALSE(PresharedKeyOf(*pair.client, a, b).value() ==
               PresharedKeyOf(*pair.client, b, a).value());
  SessionPair other(ca, identity);
  other.Shake();
  EXPECT_NE(ChannelBindingOf(*pair.client).value(), ChannelBindingOf(*other.client).value());
}

TEST_F(TlsSessionTest, AServerExportsNothingBeforeTheClientHasFinished) {
  SessionPair pair(ca, identity);
  pair.client->Handshake();
  MoveBytes(pair.client.get(), pair.server.get());
  ASSERT_EQ(pair.server->Handshake(), TlsStep::kSignature);
  pair.server->GiveSignature(
      pair.key.SignServerHandshake(pair.server->to_sign().algorithm, pair.server->to_sign().input)
          .value());
  ASSERT_EQ(pair.server->Handshake(), TlsStep::kInput);
  EXPECT_TRUE(absl::IsFailedPrecondition(ChannelBindingOf(*pair.server).status()));
}

TEST_F(TlsSessionTest, TellsAnEndFromACut) {
  for (const bool properly : {true, false}) {
    SessionPair pair(ca, identity);
    pair.Shake();
    if (properly) pair.client->Close();
    MoveBytes(pair.client.get(), pair.server.get());
    pair.server->EndInput();
    std::vector<uint8_t> plain(10);
    EXPECT_EQ(pair.server->Read(plain).step, properly ? TlsStep::kClosed : TlsStep::kFailed);
  }
}

TEST_F(TlsSessionTest, AChangedRecordFails) {
  SessionPair pair(ca, identity);
  pair.Shake();
  ASSERT_EQ(pair.client->Write(Bytes("secret")), TlsStep::kDone);
  std::vector<uint8_t> record(pair.client->outgoing().data().begin(),
                              pair.client->outgoing().data().end());
  record.back() ^= 1;
  std::ranges::copy(record, pair.server->incoming().Space().begin());
  pair.server->incoming().Append(record.size());
  std::vector<uint8_t> plain(10);
  EXPECT_EQ(pair.server->Read(plain).step, TlsStep::kFailed);
  EXPECT_EQ(pair.server->Read(plain).step, TlsStep::kFailed) << "and stays so";
}

TEST_F(TlsSessionTest, GarbageAndHttpAreRefused) {
  for (const std::string_view text : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff garbage"}) {
    const auto server = Server();
    std::ranges::copy(Bytes(text), server->incoming().Space().begin());
    server->incoming().Append(text.size());
    EXPECT_EQ(server->Handshake(), TlsStep::kFailed);
    EXPECT_FALSE(server->failure().message().empty());
  }
}

TEST_F(TlsSessionTest, AFullBufferTakesTheRestLater) {
  SessionPair pair(ca, identity);
  pair.Shake();
  const std::string text(100'000, 'x');
  std::string received;
  std::vector<uint8_t> plain(20'000);
  TlsStep step = TlsStep::kOutput;
  for (int i = 0; i < 100 && received.size() < text.size(); ++i) {
    if (step == TlsStep::kOutput) step = pair.client->Write(Bytes(text));
    MoveBytes(pair.client.get(), pair.server.get());
    for (TlsRead read = pair.server->Read(plain); read.step == TlsStep::kDone;
         read = pair.server->Read(plain)) {
      received.append(reinterpret_cast<const char*>(plain.data()), read.size);
    }
  }
  EXPECT_EQ(step, TlsStep::kDone);
  EXPECT_EQ(received, text);
}

TEST_F(TlsSessionTest, AServerNeedsAKeyOfAKnownKind) {
  const TestIdentity weak = MakeIdentity({}, &ca, KeyKind::kRsa1024);
  const std::vector<Certificate> chain = ChainOf({&weak});
  EXPECT_TRUE(absl::IsInvalidArgument(TlsContext::ForServer({chain, {}}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TlsContext::ForServer({}).status()));
}

}  // namespace
}  // namespace ringwire::platform
