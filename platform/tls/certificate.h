#ifndef RINGWIRE_PLATFORM_TLS_CERTIFICATE_H_
#define RINGWIRE_PLATFORM_TLS_CERTIFICATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

struct x509_st;

namespace ringwire::platform {

struct X509Deleter {
  void operator()(x509_st* certificate) const;
};
// An X.509 certificate. Never null, where nothing else is said.
using Certificate = std::unique_ptr<x509_st, X509Deleter>;

// The most certificates that a PEM file may have: the system's own list has some hundreds.
inline constexpr size_t kCertificatesMax = 4096;

// Every certificate of a PEM text, in order. Text between them is skipped. InvalidArgument: there
// is none, or one is broken.
absl::StatusOr<std::vector<Certificate>> ParseCertificates(std::string_view pem);
// Null: it is broken, or bytes follow.
Certificate ParseCertificateDer(std::span<const uint8_t> der);
std::vector<uint8_t> ToDer(const x509_st& certificate);

// SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469).
using KeyHash = std::array<uint8_t, 32>;
KeyHash KeyHashOf(const x509_st& certificate);
// "sha256//BASE64", as curl writes it.
std::string PinText(const KeyHash& hash);
absl::StatusOr<KeyHash> ParsePin(std::string_view text);

// The names and addresses of subjectAltName, safe to print: bytes that are not printable ASCII are
// replaced.
std::vector<std::string> NamesOf(const x509_st& certificate);
// The common name, else the organisation, of who signed it; safe to print.
std::string IssuerOf(const x509_st& certificate);
std::string SubjectOf(const x509_st& certificate);
// An unreadable time is in the infinite past.
absl::Time NotAfter(const x509_st& certificate);
absl::Time NotBefore(const x509_st& certificate);

// Whether the certificate is for `name`, a DNS name or an address, by subjectAltName alone. A
// wildcard stands for exactly one whole label.
bool IsFor(const x509_st& certificate, std::string_view name);

// The signatures of TLS 1.3 that the certificate's key can make, the preferred first. Empty: a key
// of a kind or size that ringwire does not use.
std::vector<uint16_t> SignatureAlgorithmsOf(const x509_st& certificate);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_CERTIFICATE_H_
