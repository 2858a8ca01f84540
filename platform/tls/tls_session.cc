#include "platform/tls/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/wire/address.h"
#include "fmt/format.h"
#include "platform/tls/key_exchange.h"

namespace ringwire::platform {
namespace {

// A record has at most 16,384 bytes of plaintext and 256 of overhead: two fit, so that one can be
// sent while the next is made. A handshake's flight with a chain of certificates fits as well.
constexpr size_t kBufferBytes = 2 * (16'384 + 256 + 5);

// The reason that the library gives, for people. The peer's alerts name who ended it.
absl::Status FailureOf(uint32_t error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
    return absl::UnavailableError("TLS failed: out of memory");
  }
  switch (ERR_GET_REASON(error)) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return absl::UnavailableError("the other end does not speak TLS 1.3");
    case SSL_R_TLSV1_ALERT_UNRECOGNIZED_NAME:
      return absl::UnavailableError("the server does not know this name");
    case SSL_R_NO_SHARED_GROUP:
    case SSL_R_WRONG_CURVE:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return absl::UnavailableError("both ends have no key exchange or signature in common");
    default:
      break;
  }
  const char* const reason = ERR_reason_error_string(error);
  return absl::UnavailableError(
      fmt::format("TLS failed: {}", reason != nullptr ? reason : "unknown reason"));
}

}  // namespace

void TlsSession::LibraryDeleter::operator()(SSL* session) const { SSL_free(session); }

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, absl::Time now)
    : context_(std::move(context)),
      now_(now),
      buffers_{TlsBuffer(kBufferBytes), TlsBuffer(kBufferBytes)} {}

TlsSession::~TlsSession() = default;

absl::StatusOr<std::unique_ptr<TlsSession>> TlsSession::Make(
    std::shared_ptr<const TlsContext> context, absl::Time now) {
  std::unique_ptr<TlsSession> session(new TlsSession(std::move(context), now));
  RETURN_IF_ERROR(session->Prepare());
  return session;
}

absl::Status TlsSession::Prepare() {
  library_.reset(SSL_new(context_->library()));
  bssl::UniquePtr<BIO> bio(BIO_new(TlsBufferBio()));
  if (library_ == nullptr || bio == nullptr || SSL_set_app_data(library_.get(), this) != 1) {
    return absl::ResourceExhaustedError("cannot start a TLS session: out of memory");
  }
  BIO_set_data(bio.get(), &buffers_);
  BIO* const both = bio.release();
  SSL_set_bio(library_.get(), both, both);
  if (context_->is_server()) {
    SSL_set_accept_state(library_.get());
    return absl::OkStatus();
  }
  SSL_set_connect_state(library_.get());
  const std::string& name = context_->trust().name;
  // RFC 6066 knows names only: an address is not sent.
  if (!IpAddress::Parse(name).has_value() &&
      SSL_set_tlsext_host_name(library_.get(), name.c_str()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(fmt::format("`{}` is not the name of a server", name));
  }
  return absl::OkStatus();
}

TlsStep TlsSession::Fail(absl::Status why) {
  failure_ = std::move(why);
  return TlsStep::kFailed;
}

TlsStep TlsSession::StepAfter(int result) {
  switch (SSL_get_error(library_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return TlsStep::kInput;
    case SSL_ERROR_WANT_WRITE:
      return TlsStep::kOutput;
    case SSL_ERROR_WANT_PRIVATE_KEY_OPERATION:
      return TlsStep::kSignature;
    case SSL_ERROR_ZERO_RETURN:
      return TlsStep::kClosed;
    case SSL_ERROR_SYSCALL:
      return Fail(absl::UnavailableError("the other end has cut the connection off"));
    default:
      break;
  }
  const uint32_t error = ERR_peek_error();
  ERR_clear_error();
  if (!failure_.ok()) return TlsStep::kFailed;  // the verdict on the certificate says more
  return Fail(FailureOf(error));
}

absl::Status TlsSession::CheckEstablished() const {
  if (!context_->is_server() && context_->post_quantum() == PostQuantum::kRequire &&
      !IsHybridKeyExchange(key_exchange())) {
    return absl::UnauthenticatedError(
        fmt::format("no post-quantum key exchange ({})", KeyExchangeName(key_exchange())));
  }
  return absl::OkStatus();
}

TlsStep TlsSession::Handshake() {
  if (established_) return TlsStep::kDone;
  if (!failure_.ok()) return TlsStep::kFailed;
  ERR_clear_error();
  const int result = SSL_do_handshake(library_.get());
  if (result != 1) return StepAfter(result);
  absl::Status checked = CheckEstablished();
  if (!checked.ok()) return Fail(std::move(checked));
  established_ = true;
  return TlsStep::kDone;
}

void TlsSession::GiveSignature(std::vector<uint8_t> signature) {
  signature_ = std::move(signature);
}

TlsRead TlsSession::Read(std::span<uint8_t> plain) {
  CHECK(established_);
  if (!failure_.ok()) return {TlsStep::kFailed};
  ERR_clear_error();
  const int result = SSL_read(library_.get(), plain.data(), static_cast<int>(plain.size()));
  if (result > 0) return {TlsStep::kDone, static_cast<size_t>(result)};
  return {StepAfter(result)};
}

TlsStep TlsSession::Write(std::span<const uint8_t> plain) {
  CHECK(established_);
  if (!failure_.ok()) return TlsStep::kFailed;
  if (plain.empty()) return TlsStep::kDone;
  ERR_clear_error();
  const int result = SSL_write(library_.get(), plain.data(), static_cast<int>(plain.size()));
  return result > 0 ? TlsStep::kDone : StepAfter(result);
}

void TlsSession::Close() {
  if (!established_ || !failure_.ok()) return;
  SSL_shutdown(library_.get());
  ERR_clear_error();
}

uint16_t TlsSession::key_exchange() const { return SSL_get_curve_id(library_.get()); }

absl::Status TlsSession::Export(std::string_view label, std::span<const uint8_t> context,
                                std::span<uint8_t> out) const {
  if (!established_) {
    return absl::FailedPreconditionError("cannot export a key: the handshake is not complete");
  }
  if (SSL_export_keying_material(library_.get(), out.data(), out.size(), label.data(), label.size(),
                                 context.data(), context.size(), 1) != 1) {
    ERR_clear_error();
    return absl::InternalError("cannot export a key: the TLS library refuses");
  }
  return absl::OkStatus();
}

void TlsSession::ReleaseBuffers() {
  buffers_.incoming.ReleaseIfEmpty();
  buffers_.outgoing.ReleaseIfEmpty();
}

}  // namespace ringwire::platform
