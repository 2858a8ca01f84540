#include "platform/tls/server_trust.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/platform/tls/test_certificate.h"

namespace ringwire::platform {
namespace {

using namespace std::string_literals;

class ServerTrustTest : public testing::Test {
 protected:
  ServerTrust Trust(const std::string& name) const {
    return {name, TrustAnchors::FromPem(ca.CertificatePem()).value(), std::nullopt};
  }
  // "" where the certificate is accepted.
  std::string Verdict(const CertificateSpec& spec, const std::string& name = "vpn.example.net") {
    const TestIdentity server = MakeIdentity(spec, &ca);
    return Message(VerifyServer(ChainOf({&server}), Trust(name), kTestNow));
  }
  static std::string Message(const absl::Status& status) {
    EXPECT_TRUE(status.ok() || absl::IsUnauthenticated(status)) << status;
    return std::string(status.message());
  }

  const TestIdentity ca = MakeCa("Example CA");
};

TEST_F(ServerTrustTest, AcceptsTheNameInAnyCase) {
  EXPECT_EQ(Verdict({}), "");
  EXPECT_EQ(Verdict({}, "VPN.example.NET"), "");
  EXPECT_EQ(Verdict({.usage = ""}), "");
}

TEST_F(ServerTrustTest, RefusesAnotherName) {
  EXPECT_EQ(Verdict({.names = {"other.example"}}),
            "its certificate is for other.example; nothing was sent");
  EXPECT_EQ(Verdict({.names = {"a.example", "b.example", "c.example", "d.example"}}),
            "its certificate is for a.example, b.example, c.example and 1 more; nothing was sent");
}

TEST_F(ServerTrustTest, ACommonNameIsNoName) {
  EXPECT_EQ(Verdict({.names = {}}),
            "its certificate is for no name (subjectAltName); nothing was sent");
}

TEST_F(ServerTrustTest, AWildcardStandsForOneWholeLabel) {
  EXPECT_EQ(Verdict({.names = {"*.example.net"}}), "");
  EXPECT_NE(Verdict({.names = {"*.example.net"}}, "a.b.example.net"), "");
  EXPECT_NE(Verdict({.names = {"*.example.net"}}, "example.net"), "");
  EXPECT_NE(Verdict({.names = {"v*.example.net"}}), "");
  EXPECT_NE(Verdict({.names = {"*n.example.net"}}), "");
  EXPECT_NE(Verdict({.names = {"*.net"}}, "example.net"), "");
  EXPECT_NE(Verdict({.names = {"*"}}), "");
}

TEST_F(ServerTrustTest, AddressesAreComparedAsAddresses) {
  EXPECT_EQ(Verdict({.addresses = {"192.0.2.1", "2001:db8::1"}}, "192.0.2.1"), "");
  EXPECT_EQ(Verdict({.addresses = {"192.0.2.1", "2001:db8::1"}}, "2001:DB8:0::1"), "");
  EXPECT_EQ(Verdict({.names = {}, .addresses = {"192.0.2.1"}}, "192.0.2.2"),
            "its certificate is for 192.0.2.1; nothing was sent");
  EXPECT_NE(Verdict({.names = {"192.0.2.1"}}, "192.0.2.1"), "") << "an address as a DNS name";
}

TEST_F(ServerTrustTest, ANameWithANulMatchesNothing) {
  const std::string verdict = Verdict({.names = {"vpn.example.net\0.evil.example"s}});
  EXPECT_NE(verdict, "");
  EXPECT_EQ(verdict.find('\0'), std::string::npos) << "what goes to a terminal is printable";
  EXPECT_NE(Verdict({}, "vpn.example.net\0.evil.example"s), "");
  EXPECT_NE(Verdict({}, ""), "");
}

TEST_F(ServerTrustTest, WhatItPrintsHasNoControlCharacters) {
  EXPECT_EQ(Verdict({.names = {"a\033[2Jb"}}), "its certificate is for a?[2Jb; nothing was sent");
}

TEST_F(ServerTrustTest, RefusesOutsideItsDates) {
  EXPECT_EQ(Verdict({.not_after = absl::FromUnixSeconds(1'793'491'200)}),
            "its certificate expired on 2026-11-01; nothing was sent");
  EXPECT_EQ(Verdict({.not_before = kTestNow + absl::Hours(24 * 365)}),
            "its certificate is valid from 2028-01-15 on; check the clock of this host; nothing "
            "was sent");
}

TEST_F(ServerTrustTest, RefusesAnUnknownSignerAndNamesThePin) {
  const TestIdentity foreign = MakeCa("Foreign CA");
  const TestIdentity server = MakeIdentity({}, &foreign);
  const std::string pin = PinText(KeyHashOf(*server.certificate));
  EXPECT_EQ(Message(VerifyServer(ChainOf({&server}), Trust("vpn.example.net"), kTestNow)),
            "its certificate is signed by \"Foreign CA\", which this system does not know; if its "
            "operator confirms " +
                pin + ", use Pin; nothing was sent");
  const TestIdentity alone = MakeIdentity({});
  EXPECT_TRUE(
      Message(VerifyServer(ChainOf({&alone}), Trust("vpn.example.net"), kTestNow))
          .starts_with("its certificate is signed by itself, which this system does not know"));
}

TEST_F(ServerTrustTest, RefusesACertificateOfAClient) {
  EXPECT_EQ(Verdict({.usage = "clientAuth"}),
            "its certificate is not one of a server; nothing was sent");
}

TEST_F(ServerTrustTest, AcceptsAnIntermediateOnlyIfItIsACa) {
  const TestIdentity intermediate = MakeCa("Intermediate", &ca);
  const TestIdentity server = MakeIdentity({}, &intermediate);
  EXPECT_EQ(
      Message(VerifyServer(ChainOf({&server, &intermediate}), Trust("vpn.example.net"), kTestNow)),
      "");
  const TestIdentity no_ca = MakeIdentity({.common_name = "A server", .names = {"a.example"}}, &ca);
  const TestIdentity forged = MakeIdentity({}, &no_ca);
  EXPECT_EQ(Message(VerifyServer(ChainOf({&forged, &no_ca}), Trust("vpn.example.net"), kTestNow)),
            "its certificate is signed by \"A server\", which is no CA; nothing was sent");
}

TEST_F(ServerTrustTest, NameLimitsOfACaIgnoreCase) {
  const TestIdentity limited = MakeCa("Limited", &ca, "critical,excluded;DNS:example.net");
  for (const char* const name : {"vpn.example.net", "VPN.EXAMPLE.net"}) {
    const TestIdentity server = MakeIdentity({.names = {name}}, &limited);
    EXPECT_EQ(
        Message(VerifyServer(ChainOf({&server, &limited}), Trust("vpn.example.net"), kTestNow)),
        "its certificate has a name that its CA may not give; nothing was sent");
  }
}

TEST_F(ServerTrustTest, RefusesAShortRsaKey) {
  const TestIdentity server = MakeIdentity({}, &ca, KeyKind::kRsa1024);
  EXPECT_EQ(Message(VerifyServer(ChainOf({&server}), Trust("vpn.example.net"), kTestNow)),
            "its certificate has a key of a kind or size that is not safe; nothing was sent");
}

TEST_F(ServerTrustTest, APinAloneReplacesChainNameAndDates) {
  const TestIdentity server = MakeIdentity({.names = {}, .not_after = kTestNow - absl::Hours(1)});
  ServerTrust trust{"vpn.example.net", std::nullopt, KeyHashOf(*server.certificate)};
  EXPECT_EQ(Message(VerifyServer(ChainOf({&server}), trust, kTestNow)), "");
  const TestIdentity other = MakeIdentity({});
  EXPECT_EQ(Message(VerifyServer(ChainOf({&other}), trust, kTestNow)),
            "its key is " + PinText(KeyHashOf(*other.certificate)) +
                " and not the one of Pin; nothing was sent");
  EXPECT_NE(Message(VerifyServer(ChainOf({&other, &server}), trust, kTestNow)), "")
      << "the pin is of the server's own key";
}

TEST_F(ServerTrustTest, APinBesideACaIsDemandedAsWell) {
  const TestIdentity server = MakeIdentity({}, &ca);
  ServerTrust trust = Trust("vpn.example.net");
  trust.pin = KeyHashOf(*server.certificate);
  EXPECT_EQ(Message(VerifyServer(ChainOf({&server}), trust, kTestNow)), "");
  const TestIdentity other = MakeIdentity({}, &ca);
  EXPECT_NE(Message(VerifyServer(ChainOf({&other}), trust, kTestNow)), "");
  trust.name = "other.example";
  EXPECT_NE(Message(VerifyServer(ChainOf({&server}), trust, kTestNow)), "");
}

TEST_F(ServerTrustTest, TrustsNobodyWithoutCaAndPin) {
  const TestIdentity server = MakeIdentity({}, &ca);
  EXPECT_NE(Message(VerifyServer(ChainOf({&server}), {"vpn.example.net", {}, {}}, kTestNow)), "");
  EXPECT_NE(Message(VerifyServer({}, Trust("vpn.example.net"), kTestNow)), "");
}

TEST(TrustAnchorsTest, ReadsManyWithTextBetweenThem) {
  const std::string a = MakeCa("A").CertificatePem();
  EXPECT_TRUE(TrustAnchors::FromPem("# A\n" + a + "\nB\n" + MakeCa("B").CertificatePem() + a).ok());
  EXPECT_FALSE(TrustAnchors::FromPem("").ok());
  EXPECT_FALSE(TrustAnchors::FromPem("nothing").ok());
  EXPECT_FALSE(TrustAnchors::FromPem(a + "-----BEGIN CERTIFICATE-----\nAAAA\n").ok());
}

}  // namespace
}  // namespace ringwire::platform
