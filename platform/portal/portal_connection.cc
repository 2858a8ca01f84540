#include "platform/portal/portal_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>
#include <utility>
#include <variant>

#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "crypto/secret.h"
#include "platform/portal/portal_limits.h"
#include "platform/tls/key_exchange.h"

namespace ringwire::platform {
namespace {

HttpRequestReader NewReader() { return {HttpLimits{}, HttpVersions::kOnly11}; }

// A connection goes on after these; after the others nobody knows what follows.
bool EndsConnection(int status) {
  return status >= 400 && status < 500 && status != 401 && status != 403 && status != 404 &&
         status != 409;
}

std::string_view ErrorName(int status) {
  switch (status) {
    case 408:
      return "timeout";
    case 413:
      return "too_large";
    case 414:
    case 431:
      return "head_too_large";
    case 501:
      return "not_implemented";
    case 505:
      return "version";
    default:
      return "bad_request";
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PortalConnection>> PortalConnection::Make(
    UniqueFd socket, const IpAddress& client, std::shared_ptr<const Serving> serving, Instant now) {
  ASSIGN_OR_RETURN(auto session, TlsSession::Make(serving->tls, absl::Now()));
  return std::unique_ptr<PortalConnection>(
      new PortalConnection(std::move(socket), client, std::move(serving), std::move(session), now));
}

PortalConnection::PortalConnection(UniqueFd socket, const IpAddress& client,
                                   std::shared_ptr<const Serving> serving,
                                   std::unique_ptr<TlsSession> session, Instant now)
    : socket_(std::move(socket)),
      client_(client),
      serving_(std::move(serving)),
      session_(std::move(session)),
      deadline_(now + kHandshakePatience),
      reader_(NewReader()) {}

PortalConnection::~PortalConnection() { crypto::Cleanse(message_.data(), message_.size()); }

void PortalConnection::Await(State state, absl::Duration patience, Instant now) {
  state_ = state;
  deadline_ = now + patience;
}

uint32_t PortalConnection::events() const {
  const uint32_t output = session_->outgoing().data().empty() ? 0 : uint32_t{EPOLLOUT};
  switch (state_) {
    case State::kHandshake:
    case State::kReads:
      return EPOLLIN | output;
    case State::kSigns:
    case State::kDecides:
    case State::kWrites:
    case State::kEnds:
      return output;
  }
  return output;
}

bool PortalConnection::Receive() {
  if (state_ != State::kHandshake && state_ != State::kReads) return true;
  const std::span<uint8_t> space = session_->incoming().Space();
  if (space.empty()) return true;
  const ssize_t size = ::recv(socket_.get(), space.data(), space.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) session_->EndInput();
  session_->incoming().Append(static_cast<size_t>(size));
  return true;
}

bool PortalConnection::Flush() {
  while (true) {
    const std::span<const uint8_t> data = session_->outgoing().data();
    if (data.empty()) return true;
    const ssize_t sent =
        ::send(socket_.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    session_->outgoing().Consume(static_cast<size_t>(sent));
  }
}

PortalConnection::Wish PortalConnection::Advance(Instant now) {
  if (!Receive()) return Wish::kEnd;
  while (true) {
    const Progress progress = Step(now);
    if (!Flush()) return Wish::kEnd;
    if (progress == Progress::kSignature) return Wish::kSignature;
    if (progress == Progress::kDecision) return Wish::kDecision;
    if (state_ == State::kEnds && session_->outgoing().data().empty()) {
      EndSession();
      return Wish::kEnd;
    }
    if (progress == Progress::kBlocked) break;
  }
  session_->ReleaseBuffers();
  return Wish::kNothing;
}

// Tells the client that nothing follows. Reads the bytes that it sent meanwhile: otherwise the
// kernel would reset the connection and the client might lose the answer.
void PortalConnection::EndSession() {
  std::array<uint8_t, 4096> chunk;
  ::shutdown(socket_.get(), SHUT_WR);
  [[maybe_unused]] const ssize_t ignored =
      ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
}

PortalConnection::Wish PortalConnection::Expire(Instant now) {
  const bool in_request = state_ == State::kReads && !reader_.empty();
  const bool undecided = state_ == State::kDecides;
  if (!in_request && !undecided) return Wish::kEnd;
  closes_ = true;
  Answer(undecided ? BusyAnswer() : ErrorAnswer({408, ErrorName(408)}), false, now);
  return Advance(now);
}

PortalConnection::Progress PortalConnection::Step(Instant now) {
  switch (state_) {
    case State::kHandshake:
      return Handshake(now);
    case State::kReads:
      return Read(now);
    case State::kWrites:
      return Write(now);
    case State::kSigns:
    case State::kDecides:
    case State::kEnds:
      return Progress::kBlocked;
  }
  return Progress::kBlocked;
}

PortalConnection::Progress PortalConnection::Handshake(Instant now) {
  switch (session_->Handshake()) {
    case TlsStep::kDone:
      Await(State::kReads, kStrangerIdlePatience, now);
      return Progress::kMoved;
    case TlsStep::kSignature:
      state_ = State::kSigns;
      return Progress::kSignature;
    case TlsStep::kInput:
    case TlsStep::kOutput:
      return Progress::kBlocked;
    case TlsStep::kClosed:
    case TlsStep::kFailed:
      state_ = State::kEnds;
      return Progress::kMoved;
  }
  return Progress::kBlocked;
}

void PortalConnection::GiveSignature(std::vector<uint8_t> signature) {
  session_->GiveSignature(std::move(signature));
  state_ = State::kHandshake;
}

PortalConnection::Progress PortalConnection::Read(Instant now) {
  std::array<uint8_t, 4096> plain;
  const TlsRead read = session_->Read(plain);
  if (read.step == TlsStep::kInput) return Progress::kBlocked;
  if (read.step != TlsStep::kDone) {
    state_ = State::kEnds;
    return Progress::kMoved;
  }
  if (reader_.empty()) deadline_ = now + kRequestPatience;
  reader_.Take({reinterpret_cast<const char*>(plain.data()), read.size});
  crypto::Cleanse(plain.data(), read.size);  // it may hold a password
  return Take(now);
}

PortalConnection::Progress PortalConnection::Take(Instant now) {
  if (reader_.state() == HttpRequestReader::State::kRefused) {
    closes_ = true;
    Answer(ErrorAnswer({reader_.refusal(), ErrorName(reader_.refusal())}), false, now);
    return Progress::kMoved;
  }
  if (reader_.state() != HttpRequestReader::State::kComplete) return Progress::kMoved;
  HttpRequest request = reader_.TakeRequest();
  head_only_ = request.method == "HEAD";
  closes_ = !request.keep_alive || request.asks_for_upgrade;
  auto read = ReadApiRequest(&request, serving_->settings.server_names);
  crypto::Cleanse(request.body.data(), request.body.size());
  if (const auto* const error = std::get_if<ApiError>(&read)) {
    Answer(ErrorAnswer(*error), false, now);
    return Progress::kMoved;
  }
  request_ = std::get<ApiRequest>(std::move(read));
  if (!std::holds_alternative<ApiDiscovery>(*request_) &&
      serving_->settings.post_quantum == PostQuantum::kRequire &&
      !IsHybridKeyExchange(session_->key_exchange())) {
    closes_ = true;
    Answer(ErrorAnswer({403, "post_quantum"}), false, now);
    return Progress::kMoved;
  }
  Await(State::kDecides, kDecisionPatience, now);
  return Progress::kDecision;
}

void PortalConnection::Answer(const HttpResponse& response, bool shows_proof, Instant now) {
  if (response.status == 401 && ++refused_proofs_ >= kRefusedProofsMax) closes_ = true;
  if (EndsConnection(response.status)) closes_ = true;
  if (shows_proof) is_stranger_ = false;
  message_ = ToHttpMessage(response, head_only_, closes_);
  request_.reset();
  reader_ = NewReader();
  Await(State::kWrites, kAnswerPatience, now);
}

PortalConnection::Progress PortalConnection::Write(Instant now) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(message_.data());
  const TlsStep step = session_->Write({bytes, message_.size()});
  // A full buffer is flushed before the next step; if the socket is full as well, it waits.
  if (step == TlsStep::kOutput)
    return Flush() && session_->outgoing().data().empty() ? Progress::kMoved : Progress::kBlocked;
  crypto::Cleanse(message_.data(), message_.size());
  message_.clear();
  if (step != TlsStep::kDone || closes_) {
    session_->Close();
    state_ = State::kEnds;
  } else {
    Await(State::kReads, is_stranger_ ? kStrangerIdlePatience : kIdlePatience, now);
  }
  return Progress::kMoved;
}

}  // namespace ringwire::platform
