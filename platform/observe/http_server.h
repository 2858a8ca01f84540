#ifndef RINGWIRE_PLATFORM_OBSERVE_HTTP_SERVER_H_
#define RINGWIRE_PLATFORM_OBSERVE_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/instant.h"
#include "core/wire/address.h"
#include "platform/base/unique_fd.h"
#include "platform/http/http_message.h"
#include "platform/http/http_request_reader.h"

namespace ringwire::platform {

// Serves read-only pages to anybody: one request a connection, a bounded number of connections, and
// a deadline for each, so that slow, huge, malformed and many requests cost it little. Whoever has
// not finished a request longest makes room for a new connection. Thread-compatible.
class HttpServer {
 public:
  static constexpr size_t kConnectionsMax = 64;

  // Answers a request by Respond(), now or later.
  using Serve = std::function<void(uint64_t connection, const HttpRequest& request)>;

  static absl::StatusOr<UniqueFd> Listen(const SocketAddress& address);

  HttpServer(UniqueFd listener, Serve serve);

  // Serves until `other_fd` is readable. The error: it cannot wait.
  absl::Status RunUntil(int other_fd);
  // The answer to a request; ignored if its connection has ended.
  void Respond(uint64_t connection, const HttpResponse& response);

 private:
  enum class State : uint8_t { kReads, kWaits, kWrites };
  struct Connection {
    UniqueFd socket;
    State state = State::kReads;
    Instant deadline;
    bool head_only = false;
    HttpRequestReader reader{HttpLimits{.body_bytes = 0}, HttpVersions::kAlso10};
    std::string message;
    size_t sent = 0;
  };
  using Connections = std::map<uint64_t, Connection>;

  void Accept(Instant now);
  bool MakeRoom();  // false: every connection is being answered
  // Both return false when the connection has ended.
  bool Read(uint64_t id, Connection* connection);
  bool Write(Connection* connection);
  void EndOverdue(Instant now);
  int PollTimeoutMs(Instant now) const;

  const UniqueFd listener_;
  const Serve serve_;
  Connections connections_;  // the oldest one first
  uint64_t last_id_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_HTTP_SERVER_H_
