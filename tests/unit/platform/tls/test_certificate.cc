#include "tests/unit/platform/tls/test_certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "core/base/check.h"
#include "core/wire/address.h"

namespace ringwire::platform {
namespace {

bssl::UniquePtr<EVP_PKEY> MakeKey(KeyKind kind) {
  bssl::UniquePtr<EVP_PKEY> key;
  EVP_PKEY* made = nullptr;
  if (kind == KeyKind::kEd25519) {
    const bssl::UniquePtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
    CHECK(EVP_PKEY_keygen_init(context.get()) == 1 && EVP_PKEY_keygen(context.get(), &made) == 1);
    key.reset(made);
    return key;
  }
  key.reset(EVP_PKEY_new());
  if (kind == KeyKind::kRsa2048 || kind == KeyKind::kRsa1024) {
    const bssl::UniquePtr<RSA> rsa(RSA_new());
    const bssl::UniquePtr<BIGNUM> exponent(BN_new());
    CHECK(BN_set_word(exponent.get(), RSA_F4) == 1 &&
          RSA_generate_key_ex(rsa.get(), kind == KeyKind::kRsa2048 ? 2048 : 1024, exponent.get(),
                              nullptr) == 1 &&
          EVP_PKEY_set1_RSA(key.get(), rsa.get()) == 1);
    return key;
  }
  const bssl::UniquePtr<EC_KEY> ec(
      EC_KEY_new_by_curve_name(kind == KeyKind::kP256 ? NID_X9_62_prime256v1 : NID_secp384r1));
  CHECK(EC_KEY_generate_key(ec.get()) == 1 && EVP_PKEY_set1_EC_KEY(key.get(), ec.get()) == 1);
  return key;
}

void AddAlternativeNames(const CertificateSpec& spec, X509* certificate) {
  if (spec.names.empty() && spec.addresses.empty()) return;
  const bssl::UniquePtr<GENERAL_NAMES> names(GENERAL_NAMES_new());
  for (const std::string& text : spec.names) {
    bssl::UniquePtr<GENERAL_NAME> name(GENERAL_NAME_new());
    ASN1_IA5STRING* const value = ASN1_IA5STRING_new();
    CHECK(ASN1_STRING_set(value, text.data(), static_cast<ossl_ssize_t>(text.size())) == 1);
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, value);
    CHECK(bssl::PushToStack(names.get(), std::move(name)));
  }
  for (const std::string& text : spec.addresses) {
    const IpAddress address = IpAddress::Parse(text).value();
    bssl::UniquePtr<GENERAL_NAME> name(GENERAL_NAME_new());
    ASN1_OCTET_STRING* const value = ASN1_OCTET_STRING_new();
    CHECK(ASN1_STRING_set(value, address.bytes.data(), address.Bits() / 8) == 1);
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, value);
    CHECK(bssl::PushToStack(names.get(), std::move(name)));
  }
  CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1);
}

void AddExtension(int nid, const std::string& text, X509* certificate) {
  if (text.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, nullptr, nullptr, nullptr, nullptr, 0);
  const bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, text.c_str()));
  CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void SetTimes(const CertificateSpec& spec, X509* certificate) {
  CHECK(ASN1_TIME_set_posix(X509_getm_notBefore(certificate),
                            absl::ToUnixSeconds(spec.not_before)) != nullptr);
  CHECK(ASN1_TIME_set_posix(X509_getm_notAfter(certificate), absl::ToUnixSeconds(spec.not_after)) !=
        nullptr);
}

std::string TextIn(BIO* bio) {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  CHECK(BIO_mem_contents(bio, &bytes, &size) == 1);
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::string TestIdentity::CertificatePem() const {
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(bio.get(), certificate.get()) == 1);
  return TextIn(bio.get());
}

std::string TestIdentity::KeyPem() const {
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) == 1);
  return TextIn(bio.get());
}

TestIdentity MakeIdentity(const CertificateSpec& spec, const TestIdentity* issuer, KeyKind kind) {
  static long serial = 1;
  TestIdentity identity{Certificate(X509_new()), MakeKey(kind)};
  X509* const certificate = identity.certificate.get();
  CHECK(X509_set_version(certificate, X509_VERSION_3) == 1);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), serial++);
  SetTimes(spec, certificate);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  CHECK(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                   reinterpret_cast<const uint8_t*>(spec.common_name.data()),
                                   static_cast<ossl_ssize_t>(spec.common_name.size()), -1, 0) == 1);
  CHECK(X509_set_pubkey(certificate, identity.key.get()) == 1);
  AddAlternativeNames(spec, certificate);
  if (spec.is_ca) AddExtension(NID_basic_constraints, "critical,CA:TRUE", certificate);
  AddExtension(NID_ext_key_usage, spec.usage, certificate);
  AddExtension(NID_name_constraints, spec.name_constraints, certificate);
  const TestIdentity& signer = issuer != nullptr ? *issuer : identity;
  CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get())) == 1);
  const bool hashes_itself = EVP_PKEY_id(signer.key.get()) == EVP_PKEY_ED25519;
  CHECK(X509_sign(certificate, signer.key.get(), hashes_itself ? nullptr : EVP_sha256()) > 0);
  return identity;
}

TestIdentity MakeCa(const std::string& name, const TestIdentity* issuer,
                    const std::string& name_constraints) {
  return MakeIdentity({.common_name = name,
                       .names = {},
                       .not_before = kLongAgo,
                       .not_after = kFarFuture,
                       .is_ca = true,
                       .usage = "",
                       .name_constraints = name_constraints},
                      issuer);
}

std::vector<Certificate> ChainOf(std::initializer_list<const TestIdentity*> identities) {
  std::vector<Certificate> chain;
  for (const TestIdentity* const identity : identities) {
    X509_up_ref(identity->certificate.get());
    chain.emplace_back(identity->certificate.get());
  }
  return chain;
}

}  // namespace ringwire::platform
