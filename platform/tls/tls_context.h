#ifndef RINGWIRE_PLATFORM_TLS_TLS_CONTEXT_H_
#define RINGWIRE_PLATFORM_TLS_TLS_CONTEXT_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/post_quantum.h"
#include "platform/tls/server_trust.h"

struct ssl_ctx_st;

namespace ringwire::platform {

// Lets the library open and ask for everything that it needs later. Call before a process gives up
// its rights.
void PrepareTlsForSandbox();

struct TlsServerOptions {
  std::span<const Certificate> chain;     // its own certificate first
  std::vector<std::string> server_names;  // a client that asks for another one is refused
  PostQuantum post_quantum = PostQuantum::kAuto;
};

struct TlsClientOptions {
  ServerTrust trust;
  PostQuantum post_quantum = PostQuantum::kAuto;
};

// What the sessions of one server or client have in common: TLS 1.3 alone, HTTP/1.1 alone by ALPN,
// no tickets, no resumption, no early data. Immutable; sessions keep it alive. Thread-safe.
class TlsContext {
 public:
  // The private key stays elsewhere: a session asks for its signature (TlsSession::to_sign()).
  // InvalidArgument: the certificate has a key that ringwire does not use.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> ForServer(TlsServerOptions options);
  static absl::StatusOr<std::shared_ptr<const TlsContext>> ForClient(TlsClientOptions options);

  bool is_server() const { return is_server_; }
  const std::vector<std::string>& server_names() const { return server_names_; }
  const ServerTrust& trust() const { return trust_; }
  PostQuantum post_quantum() const { return post_quantum_; }
  ssl_ctx_st* library() const { return library_.get(); }

 private:
  struct LibraryDeleter {
    void operator()(ssl_ctx_st* context) const;
  };
  TlsContext() = default;
  absl::Status Prepare(PostQuantum post_quantum);

  std::unique_ptr<ssl_ctx_st, LibraryDeleter> library_;
  bool is_server_ = false;
  std::vector<std::string> server_names_;
  ServerTrust trust_;
  PostQuantum post_quantum_ = PostQuantum::kAuto;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_TLS_CONTEXT_H_
