#include "platform/tls/certificate.h"

#include <gtest/gtest.h>

#include "tests/unit/platform/tls/test_certificate.h"

namespace ringwire::platform {
namespace {

TEST(CertificateTest, APinIsReadAsItIsWritten) {
  const TestIdentity identity = MakeIdentity({});
  const KeyHash hash = KeyHashOf(*identity.certificate);
  const std::string text = PinText(hash);
  EXPECT_EQ(text.size(), 8u + 44u);
  EXPECT_EQ(ParsePin(text).value(), hash);
  for (const std::string& wrong : {std::string(), text.substr(8), text + "=", text.substr(0, 51),
                                   "sha1//" + text.substr(8), text.substr(0, 50) + "!="}) {
    EXPECT_FALSE(ParsePin(wrong).ok()) << wrong;
  }
}

TEST(CertificateTest, ThePinIsOfTheKeyAndNotOfTheCertificate) {
  const TestIdentity ca = MakeCa("CA");
  TestIdentity first = MakeIdentity({}, &ca);
  EXPECT_NE(KeyHashOf(*first.certificate), KeyHashOf(*MakeIdentity({}, &ca).certificate));
}

TEST(CertificateTest, DerIsReadWholeOrNotAtAll) {
  const TestIdentity identity = MakeIdentity({});
  std::vector<uint8_t> der = ToDer(*identity.certificate);
  const Certificate copy = ParseCertificateDer(der);
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(ToDer(*copy), der);
  der.push_back(0);
  EXPECT_EQ(ParseCertificateDer(der), nullptr);
  der.resize(der.size() / 2);
  EXPECT_EQ(ParseCertificateDer(der), nullptr);
  EXPECT_EQ(ParseCertificateDer({}), nullptr);
}

TEST(CertificateTest, KnowsItsNamesDatesAndIssuer) {
  const TestIdentity ca = MakeCa("Example CA");
  const TestIdentity identity =
      MakeIdentity({.names = {"a.example", "*.b.example"}, .addresses = {"::1"}}, &ca);
  EXPECT_EQ(NamesOf(*identity.certificate),
            (std::vector<std::string>{"a.example", "*.b.example", "::1"}));
  EXPECT_EQ(IssuerOf(*identity.certificate), "Example CA");
  EXPECT_EQ(SubjectOf(*identity.certificate), "vpn.example.net");
  EXPECT_EQ(NotAfter(*identity.certificate), kTestNow + absl::Hours(24));
  EXPECT_EQ(NotBefore(*identity.certificate), kTestNow - absl::Hours(24));
  EXPECT_TRUE(IsFor(*identity.certificate, "x.b.example"));
  EXPECT_TRUE(IsFor(*identity.certificate, "::1"));
  EXPECT_FALSE(IsFor(*identity.certificate, "vpn.example.net")) << "the common name is no name";
  EXPECT_FALSE(IsFor(*identity.certificate, ""));
}

TEST(CertificateTest, KnowsWhatItsKeySigns) {
  const auto count = [](KeyKind kind) {
    return SignatureAlgorithmsOf(*MakeIdentity({}, nullptr, kind).certificate).size();
  };
  EXPECT_EQ(count(KeyKind::kP256), 1u);
  EXPECT_EQ(count(KeyKind::kP384), 1u);
  EXPECT_EQ(count(KeyKind::kEd25519), 1u);
  EXPECT_EQ(count(KeyKind::kRsa2048), 3u);
  EXPECT_EQ(count(KeyKind::kRsa1024), 0u) << "too short";
}

}  // namespace
}  // namespace ringwire::platform
