#ifndef RINGWIRE_PLATFORM_PORTAL_PORTAL_CONNECTION_H_
#define RINGWIRE_PLATFORM_PORTAL_PORTAL_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/enrol/message_files.h"
#include "core/wire/address.h"
#include "platform/base/unique_fd.h"
#include "platform/enrol/api/api_answer.h"
#include "platform/enrol/api/api_request.h"
#include "platform/http/http_request_reader.h"
#include "platform/tls/tls_session.h"

namespace ringwire::platform {

// The settings that a portal serves by, until newer ones come. A connection keeps its first ones.
struct Serving {
  enrol::PortalSettings settings;
  std::shared_ptr<const TlsContext> tls;
};

// One client: its socket, its TLS session, and one request at a time. It decides nothing: it says
// what it wishes, and its owner answers. Thread-compatible.
class PortalConnection {
 public:
  enum class Wish : uint8_t {
    kNothing,    // wait for events() or deadline()
    kSignature,  // of session().to_sign(); then GiveSignature()
    kDecision,   // of request(); then Answer()
    kEnd,        // the connection is over
  };

  // ResourceExhausted: no memory for a session.
  static absl::StatusOr<std::unique_ptr<PortalConnection>> Make(
      UniqueFd socket, const IpAddress& client, std::shared_ptr<const Serving> serving,
      Instant now);
  ~PortalConnection();

  int fd() const { return socket_.get(); }
  const IpAddress& client() const { return client_; }
  const Serving& serving() const { return *serving_; }
  const TlsSession& session() const { return *session_; }
  bool is_stranger() const { return is_stranger_; }
  // For epoll; 0 while it waits for its owner.
  uint32_t events() const;
  Instant deadline() const { return deadline_; }

  // Goes as far as it can without waiting.
  Wish Advance(Instant now);
  // Its deadline has passed.
  Wish Expire(Instant now);

  // Empty: refused, and the handshake fails. Advance() next.
  void GiveSignature(std::vector<uint8_t> signature);

  // With kDecision.
  bool waits_for_answer() const { return state_ == State::kDecides; }
  const ApiRequest& request() const { return *request_; }
  // Answers the request; Advance() next. `shows_proof`: the client is no stranger any more.
  void Answer(const HttpResponse& response, bool shows_proof, Instant now);

 private:
  enum class State : uint8_t { kHandshake, kSigns, kReads, kDecides, kWrites, kEnds };
  // The result of one step.
  enum class Progress : uint8_t { kBlocked, kMoved, kSignature, kDecision };

  PortalConnection(UniqueFd socket, const IpAddress& client, std::shared_ptr<const Serving> serving,
                   std::unique_ptr<TlsSession> session, Instant now);
  bool Receive();  // false: the client is gone
  bool Flush();    // false: the client is gone
  Progress Step(Instant now);
  Progress Handshake(Instant now);
  Progress Read(Instant now);
  Progress Take(Instant now);
  Progress Write(Instant now);
  void EndSession();
  void Await(State state, absl::Duration patience, Instant now);

  const UniqueFd socket_;
  const IpAddress client_;
  const std::shared_ptr<const Serving> serving_;
  const std::unique_ptr<TlsSession> session_;
  State state_ = State::kHandshake;
  Instant deadline_;
  bool is_stranger_ = true;
  HttpRequestReader reader_;
  std::optional<ApiRequest> request_;
  bool head_only_ = false;
  bool closes_ = false;  // after the answer
  int refused_proofs_ = 0;
  std::string message_;  // the answer; may hold a token
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PORTAL_PORTAL_CONNECTION_H_
