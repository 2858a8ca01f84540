#ifndef RINGWIRE_PLATFORM_TLS_TLS_SESSION_H_
#define RINGWIRE_PLATFORM_TLS_TLS_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/tls/tls_buffer.h"
#include "platform/tls/tls_context.h"

struct ssl_st;

namespace ringwire::platform {

// What a session waits for after a step.
enum class TlsStep : uint8_t {
  kDone,       // the handshake is complete; bytes were read or written
  kInput,      // more bytes from the peer
  kOutput,     // room: outgoing() must be sent first
  kSignature,  // the answer to to_sign()
  kClosed,     // the peer has ended the session as TLS demands
  kFailed,     // failure() says why; outgoing() may have an alert for the peer
};

struct TlsRead {
  TlsStep step = TlsStep::kInput;
  size_t size = 0;  // more than 0 with kDone only
};

// What a server's private key has to sign.
struct TlsSigningRequest {
  uint16_t algorithm = 0;
  std::vector<uint8_t> input;
};

// One TLS session between two buffers of encrypted bytes. It makes no system call: its owner moves
// the bytes between buffers and socket, and drops it when deadlines pass. Thread-compatible.
class TlsSession {
 public:
  // `now` is the real time, for the dates of certificates. ResourceExhausted: no memory.
  static absl::StatusOr<std::unique_ptr<TlsSession>> Make(std::shared_ptr<const TlsContext> context,
                                                          absl::Time now);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // The encrypted side.
  TlsBuffer& incoming() { return buffers_.incoming; }
  TlsBuffer& outgoing() { return buffers_.outgoing; }
  void EndInput() { buffers_.input_ended = true; }

  // Call until it returns kDone, before anything below. A client's verdict on its server is part of
  // it: kFailed with Unauthenticated means that it is not the right server.
  TlsStep Handshake();
  // With kSignature. `signature` empty: the key refused, and the handshake fails.
  const TlsSigningRequest& to_sign() const { return *to_sign_; }
  void GiveSignature(std::vector<uint8_t> signature);

  // Decrypts into `plain` what has come. An end of input without TLS' own end is kFailed: somebody
  // has cut the session off.
  TlsRead Read(std::span<uint8_t> plain);
  // Encrypts all of `plain`. kOutput: once outgoing() has room, call it again with the same bytes.
  TlsStep Write(std::span<const uint8_t> plain);
  // Adds TLS' end of this direction to outgoing().
  void Close();

  const absl::Status& failure() const { return failure_; }

  bool established() const { return established_; }
  // Of the key exchange, by TLS' registry of groups; platform/tls/key_exchange.h names it.
  uint16_t key_exchange() const;
  // RFC 8446, section 7.5. FailedPrecondition before the handshake is complete: until then a server
  // has not seen that its client has the keys.
  absl::Status Export(std::string_view label, std::span<const uint8_t> context,
                      std::span<uint8_t> out) const;

  // Frees what an idle session does not need.
  void ReleaseBuffers();

 private:
  friend struct TlsCallbacks;
  struct LibraryDeleter {
    void operator()(ssl_st* session) const;
  };
  TlsSession(std::shared_ptr<const TlsContext> context, absl::Time now);
  absl::Status Prepare();
  absl::Status CheckEstablished() const;
  TlsStep StepAfter(int result);
  TlsStep Fail(absl::Status why);

  const std::shared_ptr<const TlsContext> context_;
  const absl::Time now_;
  TlsBuffers buffers_;
  std::unique_ptr<ssl_st, LibraryDeleter> library_;
  std::optional<TlsSigningRequest> to_sign_;
  std::optional<std::vector<uint8_t>> signature_;
  bool established_ = false;
  absl::Status failure_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_TLS_SESSION_H_
