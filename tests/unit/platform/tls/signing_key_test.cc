#include "platform/tls/signing_key.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>

#include "tests/unit/platform/tls/test_certificate.h"

namespace ringwire::platform {
namespace {

std::vector<uint8_t> Bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::string HandshakeInput(size_t hash_size = 32) {
  return std::string(64, ' ') + "TLS 1.3, server CertificateVerify" + '\0' +
         std::string(hash_size, 'h');
}

TEST(SigningKeyTest, SignsWhatAServerSigns) {
  for (const KeyKind kind :
       {KeyKind::kP256, KeyKind::kP384, KeyKind::kEd25519, KeyKind::kRsa2048}) {
    const TestIdentity identity = MakeIdentity({}, nullptr, kind);
    const SigningKey key = SigningKey::FromPem(identity.KeyPem()).value();
    EXPECT_TRUE(key.Matches(*identity.certificate));
    for (const uint16_t algorithm : SignatureAlgorithmsOf(*identity.certificate)) {
      const auto signature = key.SignServerHandshake(algorithm, Bytes(HandshakeInput()));
      ASSERT_TRUE(signature.ok()) << signature.status();
      EXPECT_FALSE(signature->empty());
    }
  }
}

TEST(SigningKeyTest, SignsNothingElse) {
  const TestIdentity identity = MakeIdentity({});
  const SigningKey key = SigningKey::FromPem(identity.KeyPem()).value();
  const std::string valid = HandshakeInput();
  std::string client = valid;
  client.replace(client.find("server"), 6, "client");
  std::string no_spaces = valid;
  no_spaces[63] = 'x';
  for (const std::string& input : {std::string(), valid.substr(1), valid.substr(0, 98), client,
                                   no_spaces, HandshakeInput(65), std::string(130, ' ')}) {
    EXPECT_FALSE(key.SignServerHandshake(SSL_SIGN_ECDSA_SECP256R1_SHA256, Bytes(input)).ok());
  }
  EXPECT_FALSE(key.SignServerHandshake(SSL_SIGN_ED25519, Bytes(valid)).ok());
  EXPECT_FALSE(key.SignServerHandshake(SSL_SIGN_RSA_PKCS1_SHA256, Bytes(valid)).ok());
  EXPECT_TRUE(key.SignServerHandshake(SSL_SIGN_ECDSA_SECP256R1_SHA256, Bytes(valid)).ok());
}

TEST(SigningKeyTest, KnowsTheCertificateThatItIsNotOf) {
  const SigningKey key = SigningKey::FromPem(MakeIdentity({}).KeyPem()).value();
  EXPECT_FALSE(key.Matches(*MakeIdentity({}).certificate));
  EXPECT_FALSE(key.Matches(*MakeIdentity({}, nullptr, KeyKind::kEd25519).certificate));
}

TEST(SigningKeyTest, RefusesOtherFilesAndOtherKeys) {
  EXPECT_FALSE(SigningKey::FromPem("").ok());
  EXPECT_FALSE(SigningKey::FromPem("-----BEGIN PRIVATE KEY-----\nAAAA\n").ok());
  EXPECT_FALSE(SigningKey::FromPem(MakeIdentity({}).CertificatePem()).ok());
  const auto short_key = SigningKey::FromPem(MakeIdentity({}, nullptr, KeyKind::kRsa1024).KeyPem());
  EXPECT_NE(short_key.status().message().find("2048 bits"), std::string::npos);
}

}  // namespace
}  // namespace ringwire::platform
