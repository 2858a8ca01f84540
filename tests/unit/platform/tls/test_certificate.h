#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_TLS_TEST_CERTIFICATE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_TLS_TEST_CERTIFICATE_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "platform/tls/certificate.h"

// Certificates of every kind, wrong ones too, made in the test.
namespace ringwire::platform {

// The moment at which the tests judge certificates.
inline const absl::Time kTestNow = absl::FromUnixSeconds(1'800'000'000);  // 2027-01-15

enum class KeyKind { kP256, kP384, kEd25519, kRsa2048, kRsa1024 };

// For certificates that another program judges, by the real time.
inline const absl::Time kLongAgo = absl::FromUnixSeconds(1'000'000'000);    // 2001
inline const absl::Time kFarFuture = absl::FromUnixSeconds(4'000'000'000);  // 2096

struct CertificateSpec {
  std::string common_name = "vpn.example.net";
  std::vector<std::string> names = {"vpn.example.net"};  // dNSName, bytes as they are
  std::vector<std::string> addresses = {};               // iPAddress
  absl::Time not_before = kTestNow - absl::Hours(24);
  absl::Time not_after = kTestNow + absl::Hours(24);
  bool is_ca = false;
  std::string usage = "serverAuth";  // of extendedKeyUsage; empty: absent
  std::string name_constraints = {};
};

// A certificate with its key.
struct TestIdentity {
  Certificate certificate;
  bssl::UniquePtr<EVP_PKEY> key;

  std::string CertificatePem() const;
  std::string KeyPem() const;
};

// `issuer` null: it signs itself.
TestIdentity MakeIdentity(const CertificateSpec& spec, const TestIdentity* issuer = nullptr,
                          KeyKind kind = KeyKind::kP256);
// Valid from kLongAgo to kFarFuture.
TestIdentity MakeCa(const std::string& name, const TestIdentity* issuer = nullptr,
                    const std::string& name_constraints = "");

// Another owner of the same certificates.
std::vector<Certificate> ChainOf(std::initializer_list<const TestIdentity*> identities);

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_TLS_TEST_CERTIFICATE_H_
