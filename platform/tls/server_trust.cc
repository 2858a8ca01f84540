#include "platform/tls/server_trust.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <vector>

#include "core/base/status_macros.h"
#include "core/wire/address.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

// A chain of more certificates is no chain of a public CA.
constexpr int kChainDepthMax = 8;
// Names of a wrong certificate that an error lists.
constexpr size_t kListedNamesMax = 3;

absl::Status Refuse(std::string_view what) {
  return absl::UnauthenticatedError(fmt::format("its {}; nothing was sent", what));
}

std::string ListedNames(const X509& certificate) {
  const std::vector<std::string> names = NamesOf(certificate);
  if (names.empty()) return "no name (subjectAltName)";
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kListedNamesMax); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > kListedNamesMax) {
    text += fmt::format(" and {} more", names.size() - kListedNamesMax);
  }
  return text;
}

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone()); }

// "certificate", or whose certificate above it in the chain.
std::string WhichCertificate(const X509& at, int depth) {
  if (depth == 0) return "certificate";
  return fmt::format("certificate is signed by \"{}\", whose certificate", SubjectOf(at));
}

absl::Status UnknownSigner(const X509& own, const X509& last) {
  const std::string who =
      IssuerOf(last) == SubjectOf(own) ? "itself" : fmt::format("\"{}\"", IssuerOf(last));
  return Refuse(fmt::format(
      "certificate is signed by {}, which this system does not know; if its operator confirms {}, "
      "use Pin",
      who, PinText(KeyHashOf(own))));
}

// What X509_verify_cert found, for people.
absl::Status VerdictOf(const X509& own, const X509& at, int error, int depth) {
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Refuse(fmt::format("certificate is for {}", ListedNames(own)));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Refuse(
          fmt::format("{} expired on {}", WhichCertificate(at, depth), Day(NotAfter(at))));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Refuse(fmt::format("{} is valid from {} on; check the clock of this host",
                                WhichCertificate(at, depth), Day(NotBefore(at))));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return UnknownSigner(own, at);
    case X509_V_ERR_INVALID_PURPOSE:
      if (depth == 0) return Refuse("certificate is not one of a server");
      [[fallthrough]];
    case X509_V_ERR_INVALID_CA:
      return Refuse(fmt::format("certificate is signed by \"{}\", which is no CA", SubjectOf(at)));
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
      return Refuse("certificate has a name that its CA may not give");
    default:
      return Refuse(fmt::format("{} is not valid: {}", WhichCertificate(at, depth),
                                X509_verify_cert_error_string(error)));
  }
}

// Keys and hashes that a forger can break today.
absl::Status CheckStrength(std::span<const Certificate> chain) {
  if (SignatureAlgorithmsOf(*chain.front()).empty()) {
    return Refuse("certificate has a key of a kind or size that is not safe");
  }
  for (const Certificate& certificate : chain) {
    const bool own_word = X509_NAME_cmp(X509_get_issuer_name(certificate.get()),
                                        X509_get_subject_name(certificate.get())) == 0;
    int digest = NID_undef;
    OBJ_find_sigid_algs(X509_get_signature_nid(certificate.get()), &digest, nullptr);
    if (!own_word && (digest == NID_md5 || digest == NID_sha1)) {
      return Refuse("certificate is signed with a hash that is not safe any more");
    }
  }
  return absl::OkStatus();
}

bool DemandName(const std::string& name, X509_VERIFY_PARAM* demands) {
  const std::optional<IpAddress> address = IpAddress::Parse(name);
  if (address.has_value()) {
    const size_t size = address->family == IpFamily::kV4 ? 4 : 16;
    return X509_VERIFY_PARAM_set1_ip(demands, address->bytes.data(), size) == 1;
  }
  X509_VERIFY_PARAM_set_hostflags(
      demands, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(demands, name.data(), name.size()) == 1;
}

absl::Status VerifyChain(std::span<const Certificate> chain, const TrustAnchors& anchors,
                         const std::string& name, absl::Time now) {
  const bssl::UniquePtr<STACK_OF(X509)> others(sk_X509_new_null());
  bool ready = others != nullptr;
  for (const Certificate& certificate : chain.subspan(1)) {
    ready = ready && bssl::PushToStack(others.get(), bssl::UpRef(certificate.get()));
  }
  const bssl::UniquePtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  ready =
      ready && context != nullptr &&
      X509_STORE_CTX_init(context.get(), anchors.store(), chain.front().get(), others.get()) == 1;
  if (!ready) return absl::ResourceExhaustedError("cannot check the certificate: out of memory");
  X509_VERIFY_PARAM* const demands = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_depth(demands, kChainDepthMax);
  X509_VERIFY_PARAM_set_time_posix(demands, absl::ToUnixSeconds(now));
  if (X509_VERIFY_PARAM_set_purpose(demands, X509_PURPOSE_SSL_SERVER) != 1 ||
      X509_VERIFY_PARAM_set_flags(demands, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) !=
          1 ||
      !DemandName(name, demands)) {
    return Refuse(fmt::format("certificate cannot be checked for `{}`", name));
  }
  const int verdict = X509_verify_cert(context.get());
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (verdict == 1 && error == X509_V_OK) return absl::OkStatus();
  const X509& own = *chain.front();
  const X509* const at = X509_STORE_CTX_get_current_cert(context.get());
  return VerdictOf(own, at != nullptr ? *at : own, error,
                   X509_STORE_CTX_get_error_depth(context.get()));
}

}  // namespace

void TrustAnchors::StoreDeleter::operator()(X509_STORE* store) const { X509_STORE_free(store); }

absl::StatusOr<TrustAnchors> TrustAnchors::FromPem(std::string_view pem) {
  ASSIGN_OR_RETURN(const std::vector<Certificate> certificates, ParseCertificates(pem));
  TrustAnchors anchors;
  anchors.store_.reset(X509_STORE_new());
  for (const Certificate& certificate : certificates) {
    if (anchors.store_ == nullptr ||
        X509_STORE_add_cert(anchors.store_.get(), certificate.get()) != 1) {
      return absl::ResourceExhaustedError("cannot keep the CAs: out of memory");
    }
  }
  return anchors;
}

absl::Status VerifyServer(std::span<const Certificate> chain, const ServerTrust& trust,
                          absl::Time now) {
  if (chain.empty()) return Refuse("certificate is missing");
  if (!trust.anchors.has_value() && !trust.pin.has_value()) {
    return Refuse("certificate cannot be checked: there is neither a CA nor a pin");
  }
  if (trust.pin.has_value()) {
    const KeyHash hash = KeyHashOf(*chain.front());
    if (hash != *trust.pin) {
      return Refuse(fmt::format("key is {} and not the one of Pin", PinText(hash)));
    }
  }
  if (!trust.anchors.has_value()) return absl::OkStatus();
  RETURN_IF_ERROR(VerifyChain(chain, *trust.anchors, trust.name, now));
  return CheckStrength(chain);
}

}  // namespace ringwire::platform
