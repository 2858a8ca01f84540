#include "platform/caller/caller_session.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "crypto/secret.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/enrol/api/api_answer.h"
#include "platform/http/http_response_reader.h"
#include "platform/tls/session_keys.h"

namespace ringwire::platform {
namespace {

absl::Status NoAnswer(std::string_view why) {
  return absl::UnavailableError(fmt::format("no answer ({})", why));
}

absl::Status NotAGateway() {
  return absl::UnavailableError("the server answers, but it is no ringwire gateway");
}

}  // namespace

CallerSession::CallerSession(UniqueFd socket, std::unique_ptr<TlsSession> tls, std::string host)
    : socket_(std::move(socket)), tls_(std::move(tls)), host_(std::move(host)) {}
CallerSession::CallerSession(CallerSession&&) noexcept = default;
CallerSession& CallerSession::operator=(CallerSession&&) noexcept = default;
CallerSession::~CallerSession() = default;

absl::StatusOr<CallerSession> CallerSession::Open(UniqueFd socket,
                                                  std::shared_ptr<const TlsContext> context,
                                                  std::string host, Instant deadline) {
  ASSIGN_OR_RETURN(auto tls, TlsSession::Make(std::move(context), absl::Now()));
  CallerSession session(std::move(socket), std::move(tls), std::move(host));
  RETURN_IF_ERROR(session.Connect(deadline));
  RETURN_IF_ERROR(session.Shake(deadline));
  RETURN_IF_ERROR(session.CheckBinding(deadline));
  return session;
}

absl::Status CallerSession::Await(short events, Instant deadline) const {
  while (true) {
    const int64_t left_ms = absl::ToInt64Milliseconds(deadline - BootNow());
    if (left_ms <= 0) return NoAnswer("time is over");
    pollfd wait{socket_.get(), events, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::min<int64_t>(left_ms + 1, 60'000)));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "wait for the gateway");
  }
}

absl::Status CallerSession::Connect(Instant deadline) {
  RETURN_IF_ERROR(Await(POLLOUT, deadline));
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error == 0 ? absl::OkStatus() : NoAnswer(std::strerror(error));
}

absl::Status CallerSession::Flush(Instant deadline) {
  while (true) {
    const std::span<const uint8_t> data = tls_->outgoing().data();
    if (data.empty()) return absl::OkStatus();
    const ssize_t sent =
        ::send(socket_.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      tls_->outgoing().Consume(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      RETURN_IF_ERROR(Await(POLLOUT, deadline));
    } else {
      return NoAnswer(std::strerror(errno));
    }
  }
}

absl::Status CallerSession::Receive(Instant deadline) {
  while (true) {
    RETURN_IF_ERROR(Await(POLLIN, deadline));
    const std::span<uint8_t> space = tls_->incoming().Space();
    const ssize_t size = ::recv(socket_.get(), space.data(), space.size(), MSG_DONTWAIT);
    if (size > 0) {
      tls_->incoming().Append(static_cast<size_t>(size));
      return absl::OkStatus();
    }
    if (size == 0) {
      tls_->EndInput();
      return absl::OkStatus();
    }
    if (errno != EAGAIN && errno != EINTR) return NoAnswer(std::strerror(errno));
  }
}

absl::Status CallerSession::Shake(Instant deadline) {
  while (true) {
    const TlsStep step = tls_->Handshake();
    // An alert tells the other end why: best effort.
    const absl::Status flushed = Flush(deadline);
    if (step == TlsStep::kDone) return flushed;
    if (step == TlsStep::kFailed) return tls_->failure();
    if (step == TlsStep::kClosed) return NoAnswer("the server has ended the connection");
    RETURN_IF_ERROR(flushed);
    if (step == TlsStep::kInput) RETURN_IF_ERROR(Receive(deadline));
  }
}

absl::Status CallerSession::Send(std::string_view plain, Instant deadline) {
  while (true) {
    const TlsStep step =
        tls_->Write({reinterpret_cast<const uint8_t*>(plain.data()), plain.size()});
    RETURN_IF_ERROR(Flush(deadline));
    if (step == TlsStep::kDone) return absl::OkStatus();
    if (step != TlsStep::kOutput) return NoAnswer("the connection has ended");
  }
}

absl::StatusOr<HttpResponse> CallerSession::Ask(const ApiRequest& request, Instant deadline) {
  HttpRequest written = WriteApiRequest(request);
  std::string message = ToHttpMessage(written, host_);
  crypto::Cleanse(written.body.data(), written.body.size());
  const absl::Status sent = Send(message, deadline);
  crypto::Cleanse(message.data(), message.size());
  RETURN_IF_ERROR(sent);
  HttpResponseReader reader({.body_bytes = kApiAnswerBytesMax});
  std::vector<uint8_t> plain(16'384);
  while (true) {
    const TlsRead read = tls_->Read(plain);
    if (read.step == TlsStep::kInput) {
      RETURN_IF_ERROR(Receive(deadline));
      continue;
    }
    if (read.step != TlsStep::kDone) return NoAnswer("the server has ended the connection");
    const auto state = reader.Take({reinterpret_cast<const char*>(plain.data()), read.size});
    crypto::Cleanse(plain.data(), read.size);
    if (state == HttpResponseReader::State::kRefused) return NotAGateway();
    if (state == HttpResponseReader::State::kComplete) return reader.TakeResponse();
  }
}

// A party that ends TLS on the way has two sessions, and the server reports the other one.
absl::Status CallerSession::CheckBinding(Instant deadline) {
  ASSIGN_OR_RETURN(const HttpResponse response, Ask(ApiDiscovery{}, deadline));
  const auto theirs = ReadDiscovery(response);
  if (!theirs.has_value()) return NotAGateway();
  ASSIGN_OR_RETURN(const ChannelBinding ours, ChannelBindingOf(*tls_));
  if (crypto::ConstantTimeEqual(*theirs, ours)) return absl::OkStatus();
  return absl::UnauthenticatedError("another party ends TLS on the way; nothing was sent");
}

}  // namespace ringwire::platform
