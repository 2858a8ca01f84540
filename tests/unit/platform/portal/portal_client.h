#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_PORTAL_PORTAL_CLIENT_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_PORTAL_PORTAL_CLIENT_H_

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/base/unique_fd.h"
#include "platform/enrol/api/api_answer.h"
#include "platform/enrol/api/api_request.h"
#include "platform/http/http_response_reader.h"
#include "platform/tls/tls_session.h"

namespace ringwire::platform {

// A client of a portal. While it waits, `others` lets the rest of the test go on.
class PortalClient {
 public:
  using Others = std::function<void()>;

  PortalClient(UniqueFd socket, std::unique_ptr<TlsSession> session, Others others)
      : socket_(std::move(socket)), session_(std::move(session)), others_(std::move(others)) {}

  const TlsSession& session() const { return *session_; }

  // Until the handshake is complete, or the other end is gone.
  bool Shake() {
    return Until([this] {
      const TlsStep step = session_->Handshake();
      Flush();
      if (step == TlsStep::kFailed || step == TlsStep::kClosed) gone_ = true;
      return step == TlsStep::kDone;
    });
  }

  void SendRaw(std::string_view bytes) {
    session_->Write({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    Flush();
  }

  // nullopt: the connection ended without an answer.
  std::optional<HttpResponse> Receive() {
    HttpResponseReader reader({.body_bytes = kApiAnswerBytesMax});
    auto state = HttpResponseReader::State::kReads;
    const bool came = Until([&] {
      std::vector<uint8_t> plain(16'384);
      const TlsRead read = session_->Read(plain);
      if (read.step == TlsStep::kClosed || read.step == TlsStep::kFailed) gone_ = true;
      if (read.step != TlsStep::kDone) return false;
      state = reader.Take({reinterpret_cast<const char*>(plain.data()), read.size});
      return state != HttpResponseReader::State::kReads;
    });
    if (!came || state != HttpResponseReader::State::kComplete) return std::nullopt;
    keep_alive_ = reader.keep_alive();
    return reader.TakeResponse();
  }
  std::optional<HttpResponse> Ask(const ApiRequest& request,
                                  const std::string& host = "vpn.example.net") {
    SendRaw(ToHttpMessage(WriteApiRequest(request), host));
    return Receive();
  }
  // The status of the answer to raw bytes; 0: none came.
  int StatusOf(std::string_view bytes) {
    SendRaw(bytes);
    const auto response = Receive();
    return response.has_value() ? response->status : 0;
  }
  bool keep_alive() const { return keep_alive_; }

  // Whether the other end closes the connection, and sends nothing before.
  bool IsClosed() {
    std::vector<uint8_t> plain(100);
    size_t more = 0;
    Until([&] {
      const TlsRead read = session_->Read(plain);
      more += read.size;
      if (read.step == TlsStep::kClosed || read.step == TlsStep::kFailed) gone_ = true;
      return false;
    });
    return gone_ && more == 0;
  }

 private:
  void Flush() {
    const std::span<const uint8_t> data = session_->outgoing().data();
    ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
    session_->outgoing().Consume(data.size());
  }
  // Until `done`, or the other end is gone. A minute at most.
  template <typename Done>
  bool Until(Done done) {
    for (int i = 0; i < 6000 && !gone_; ++i) {
      if (done()) return true;
      if (gone_) break;
      others_();
      pollfd wait{socket_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 10) == 0) continue;
      const std::span<uint8_t> space = session_->incoming().Space();
      const ssize_t size = ::recv(socket_.get(), space.data(), space.size(), MSG_DONTWAIT);
      if (size > 0) session_->incoming().Append(static_cast<size_t>(size));
      if (size == 0) session_->EndInput();
      if (size < 0) gone_ = true;
    }
    EXPECT_TRUE(gone_) << "nothing came in time";
    return false;
  }

  const UniqueFd socket_;
  const std::unique_ptr<TlsSession> session_;
  const Others others_;
  bool gone_ = false;
  bool keep_alive_ = true;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_PORTAL_PORTAL_CLIENT_H_
