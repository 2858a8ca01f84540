#include "platform/tls/certificate.h"

#include <openssl/asn1.h>
#include <openssl/base64.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "core/wire/address.h"
#include "fmt/format.h"
#include "platform/tls/key_signatures.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kPinPrefix = "sha256//";
// Of a name that somebody else chose and that goes to a terminal.
constexpr size_t kPrintedBytesMax = 128;

std::string Printable(std::string_view text) {
  std::string printable(text.substr(0, kPrintedBytesMax));
  for (char& c : printable) {
    if (c < ' ' || c > '~') c = '?';
  }
  return printable;
}

std::string_view TextOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string NamePart(const X509_NAME* name) {
  for (const int nid : {NID_commonName, NID_organizationName}) {
    const int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0) continue;
    return Printable(TextOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
  }
  return "a CA without a name";
}

std::string AddressText(const ASN1_OCTET_STRING* bytes) {
  const uint8_t* const data = ASN1_STRING_get0_data(bytes);
  const int size = ASN1_STRING_length(bytes);
  if (size == 4) return IpAddress::V4(std::span<const uint8_t, 4>(data, 4)).ToString();
  if (size == 16) return IpAddress::V6(std::span<const uint8_t, 16>(data, 16)).ToString();
  return "an address of unknown kind";
}

absl::Time TimeOf(const ASN1_TIME* time) {
  int64_t seconds = 0;
  if (time == nullptr || ASN1_TIME_to_posix(time, &seconds) != 1) return absl::InfinitePast();
  return absl::FromUnixSeconds(seconds);
}

}  // namespace

void X509Deleter::operator()(X509* certificate) const { X509_free(certificate); }

absl::StatusOr<std::vector<Certificate>> ParseCertificates(std::string_view pem) {
  const bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(pem.data(), static_cast<ossl_ssize_t>(pem.size())));
  std::vector<Certificate> certificates;
  while (certificates.size() < kCertificatesMax) {
    Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) {
      const uint32_t error = ERR_peek_last_error();
      ERR_clear_error();
      if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) break;
      return absl::InvalidArgumentError(
          fmt::format("certificate {} is not valid PEM", certificates.size() + 1));
    }
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty()) {
    return absl::InvalidArgumentError(
        "there is no certificate (-----BEGIN CERTIFICATE-----) in it");
  }
  return certificates;
}

Certificate ParseCertificateDer(std::span<const uint8_t> der) {
  const uint8_t* at = der.data();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate != nullptr && at != der.data() + der.size()) certificate.reset();
  ERR_clear_error();
  return certificate;
}

std::vector<uint8_t> ToDer(const X509& certificate) {
  uint8_t* bytes = nullptr;
  const int size = i2d_X509(const_cast<X509*>(&certificate), &bytes);
  if (size < 0) return {};
  const bssl::UniquePtr<uint8_t> owner(bytes);
  return {bytes, bytes + size};
}

KeyHash KeyHashOf(const X509& certificate) {
  KeyHash hash{};
  uint8_t* bytes = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &bytes);
  if (size < 0) return hash;
  const bssl::UniquePtr<uint8_t> owner(bytes);
  SHA256(bytes, static_cast<size_t>(size), hash.data());
  return hash;
}

std::string PinText(const KeyHash& hash) {
  uint8_t text[45];
  const size_t size = EVP_EncodeBlock(text, hash.data(), hash.size());
  return fmt::format("{}{}", kPinPrefix, std::string_view(reinterpret_cast<char*>(text), size));
}

absl::StatusOr<KeyHash> ParsePin(std::string_view text) {
  KeyHash hash{};
  uint8_t decoded[33];
  size_t size = 0;
  const bool valid =
      text.starts_with(kPinPrefix) && text.size() == kPinPrefix.size() + 44 &&
      EVP_DecodeBase64(decoded, &size, sizeof(decoded),
                       reinterpret_cast<const uint8_t*>(text.data()) + kPinPrefix.size(),
                       44) == 1 &&
      size == hash.size();
  if (!valid) {
    return absl::InvalidArgumentError(
        "not a pin (expected sha256// and 44 characters of base64, the hash of the server's key)");
  }
  std::copy_n(decoded, hash.size(), hash.begin());
  return hash;
}

std::vector<std::string> NamesOf(const X509& certificate) {
  std::vector<std::string> names;
  const bssl::UniquePtr<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (all == nullptr) return names;
  for (const GENERAL_NAME* const name : all.get()) {
    if (name->type == GEN_DNS) names.push_back(Printable(TextOf(name->d.dNSName)));
    if (name->type == GEN_IPADD) names.push_back(AddressText(name->d.iPAddress));
  }
  return names;
}

std::string IssuerOf(const X509& certificate) {
  return NamePart(X509_get_issuer_name(&certificate));
}

std::string SubjectOf(const X509& certificate) {
  return NamePart(X509_get_subject_name(&certificate));
}

absl::Time NotAfter(const X509& certificate) { return TimeOf(X509_get0_notAfter(&certificate)); }

absl::Time NotBefore(const X509& certificate) { return TimeOf(X509_get0_notBefore(&certificate)); }

bool IsFor(const X509& certificate, std::string_view name) {
  X509* const certificate_ptr = const_cast<X509*>(&certificate);
  const std::optional<IpAddress> address = IpAddress::Parse(name);
  if (address.has_value()) {
    const size_t size = address->family == IpFamily::kV4 ? 4 : 16;
    return X509_check_ip(certificate_ptr, address->bytes.data(), size, 0) == 1;
  }
  return !name.empty() &&
         X509_check_host(certificate_ptr, name.data(), name.size(),
                         X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                         nullptr) == 1;
}

std::vector<uint16_t> SignatureAlgorithmsOf(const X509& certificate) {
  const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(const_cast<X509*>(&certificate)));
  ERR_clear_error();
  if (key == nullptr) return {};
  return KeySignatures(*key);
}

}  // namespace ringwire::platform
