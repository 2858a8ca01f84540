#ifndef RINGWIRE_PLATFORM_CALLER_CALLER_SESSION_H_
#define RINGWIRE_PLATFORM_CALLER_CALLER_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "platform/base/unique_fd.h"
#include "platform/enrol/api/api_request.h"
#include "platform/http/http_message.h"
#include "platform/tls/tls_session.h"

namespace ringwire::platform {

// A connection to a gateway's portal that has proved to be the right one: its certificate is
// accepted, and both ends see the same TLS session. Only then a request can be made, so nothing
// secret is sent before. Thread-compatible.
class CallerSession {
 public:
  // `socket`: a TCP socket whose connect has begun, non-blocking. `host` as the user wrote it,
  // perhaps with a port. `deadline` bounds all of it, whatever the other end sends meanwhile.
  // Unauthenticated: it is not the right server. Unavailable: no connection, or no answer.
  static absl::StatusOr<CallerSession> Open(UniqueFd socket,
                                            std::shared_ptr<const TlsContext> context,
                                            std::string host, Instant deadline);
  CallerSession(CallerSession&&) noexcept;
  CallerSession& operator=(CallerSession&&) noexcept;
  ~CallerSession();

  // Sends a request and waits for its answer.
  absl::StatusOr<HttpResponse> Ask(const ApiRequest& request, Instant deadline);

  const TlsSession& tls() const { return *tls_; }

 private:
  CallerSession(UniqueFd socket, std::unique_ptr<TlsSession> tls, std::string host);
  absl::Status Connect(Instant deadline);
  absl::Status Shake(Instant deadline);
  absl::Status CheckBinding(Instant deadline);
  absl::Status Send(std::string_view plain, Instant deadline);
  absl::Status Flush(Instant deadline);
  absl::Status Receive(Instant deadline);
  absl::Status Await(short events, Instant deadline) const;

  UniqueFd socket_;
  std::unique_ptr<TlsSession> tls_;
  std::string host_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CALLER_CALLER_SESSION_H_
