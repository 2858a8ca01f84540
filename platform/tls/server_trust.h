#ifndef RINGWIRE_PLATFORM_TLS_SERVER_TRUST_H_
#define RINGWIRE_PLATFORM_TLS_SERVER_TRUST_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/tls/certificate.h"

struct x509_store_st;

namespace ringwire::platform {

// The CAs whose word counts. Immutable; a chain may end at any certificate in it.
class TrustAnchors {
 public:
  // InvalidArgument: no certificate in it, or a broken one.
  static absl::StatusOr<TrustAnchors> FromPem(std::string_view pem);

  x509_store_st* store() const { return store_.get(); }

 private:
  struct StoreDeleter {
    void operator()(x509_store_st* store) const;
  };
  std::unique_ptr<x509_store_st, StoreDeleter> store_;
};

// What a client demands of its server. At least one of `anchors` and `pin` is set: a pin alone
// replaces chain, dates and name, beside anchors it is demanded as well.
struct ServerTrust {
  std::string name;  // a DNS name or an address
  std::optional<TrustAnchors> anchors;
  std::optional<KeyHash> pin;
};

// Judges the chain that a server sent, its own certificate first. Unauthenticated: this is not the
// right server, as a sentence for people ("its certificate is for ..."). Pure but for memory.
absl::Status VerifyServer(std::span<const Certificate> chain, const ServerTrust& trust,
                          absl::Time now);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_SERVER_TRUST_H_
