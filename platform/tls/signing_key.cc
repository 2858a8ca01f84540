#include "platform/tls/signing_key.h"

#include <openssl/bio.h>
#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>

#include "fmt/format.h"
#include "platform/tls/key_signatures.h"

namespace ringwire::platform {
namespace {

constexpr size_t kSpaces = 64;
// With the NUL that ends it.
constexpr char kServerText[] = "TLS 1.3, server CertificateVerify";
static_assert(sizeof(kServerText) == 33 + 1);

// An encrypted key must fail at once: nobody is there to be asked.
int NoPassword(char*, int, int, void*) { return 0; }

const EVP_MD* DigestOf(uint16_t algorithm) {
  switch (algorithm) {
    case SSL_SIGN_ED25519:
      return nullptr;  // hashes as a part of the signature
    case SSL_SIGN_ECDSA_SECP384R1_SHA384:
    case SSL_SIGN_RSA_PSS_RSAE_SHA384:
      return EVP_sha384();
    case SSL_SIGN_RSA_PSS_RSAE_SHA512:
      return EVP_sha512();
    default:
      return EVP_sha256();
  }
}

absl::Status LibraryRefused() {
  ERR_clear_error();
  return absl::InternalError("cannot sign a TLS handshake: the library refuses the key");
}

}  // namespace

bool IsServerHandshake(std::span<const uint8_t> input) {
  if (input.size() <= kSpaces + sizeof(kServerText) || input.size() > kSigningInputBytesMax) {
    return false;
  }
  const auto text = input.subspan(kSpaces, sizeof(kServerText));
  return std::ranges::all_of(input.first(kSpaces), [](uint8_t byte) { return byte == ' '; }) &&
         std::equal(text.begin(), text.end(), kServerText);
}

void SigningKey::KeyDeleter::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

absl::StatusOr<SigningKey> SigningKey::FromPem(std::string_view pem) {
  const bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(pem.data(), static_cast<ossl_ssize_t>(pem.size())));
  SigningKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  if (key.key_ == nullptr) {
    return absl::InvalidArgumentError(
        "there is no valid private key in it (PEM without a password)");
  }
  if (KeySignatures(*key.key_).empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "its key is of a kind or size that ringwire does not use; make one with ECDSA P-256 or "
        "P-384, Ed25519, or RSA of at least {} bits",
        kRsaBitsMin));
  }
  return key;
}

bool SigningKey::Matches(const X509& certificate) const {
  const bool matches = X509_check_private_key(const_cast<X509*>(&certificate), key_.get()) == 1;
  ERR_clear_error();
  return matches;
}

absl::StatusOr<std::vector<uint8_t>> SigningKey::SignServerHandshake(
    uint16_t algorithm, std::span<const uint8_t> input) const {
  if (!IsServerHandshake(input)) {
    return absl::InvalidArgumentError("cannot sign: the input is not a TLS handshake of a server");
  }
  if (std::ranges::count(KeySignatures(*key_), algorithm) == 0) {
    return absl::InvalidArgumentError(
        fmt::format("cannot sign: the key makes no signature of kind 0x{:04x}", algorithm));
  }
  bssl::ScopedEVP_MD_CTX context;
  EVP_PKEY_CTX* settings = nullptr;
  if (EVP_DigestSignInit(context.get(), &settings, DigestOf(algorithm), nullptr, key_.get()) != 1) {
    return LibraryRefused();
  }
  if (SSL_is_signature_algorithm_rsa_pss(algorithm) == 1 &&
      (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, -1) != 1)) {
    return LibraryRefused();
  }
  std::vector<uint8_t> signature(kSignatureBytesMax);
  size_t size = signature.size();
  if (EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()) != 1) {
    return LibraryRefused();
  }
  signature.resize(size);
  return signature;
}

}  // namespace ringwire::platform
