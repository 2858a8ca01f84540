#include "platform/tls/tls_callbacks.h"

#include <algorithm>
#include <string_view>

#include "core/base/ascii.h"

namespace ringwire::platform {

TlsSession* TlsCallbacks::SessionOf(SSL* library) {
  return static_cast<TlsSession*>(SSL_get_app_data(library));
}

int TlsCallbacks::CheckServerName(SSL* library, int* alert, void*) {
  const char* const asked = SSL_get_servername(library, TLSEXT_NAMETYPE_host_name);
  // A client that knows only an address sends none. HTTP's Host is checked in any case.
  if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
  for (const std::string& name : SessionOf(library)->context_->server_names()) {
    if (EqualIgnoringCase(name, asked)) return SSL_TLSEXT_ERR_OK;
  }
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsCallbacks::ChooseProtocol(SSL*, const uint8_t** chosen, uint8_t* chosen_size,
                                 const uint8_t* offered, unsigned offered_size, void*) {
  std::span<const uint8_t> rest(offered, offered_size);
  while (!rest.empty() && rest.front() < rest.size()) {
    const std::span<const uint8_t> entry = rest.first(size_t{rest.front()} + 1);
    if (std::ranges::equal(entry, kHttp11)) {
      *chosen = entry.data() + 1;
      *chosen_size = entry.front();
      return SSL_TLSEXT_ERR_OK;
    }
    rest = rest.subspan(entry.size());
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

const SSL_PRIVATE_KEY_METHOD TlsCallbacks::kSigner = {&TlsCallbacks::Sign, &TlsCallbacks::Decrypt,
                                                      &TlsCallbacks::Complete};

ssl_private_key_result_t TlsCallbacks::Sign(SSL* library, uint8_t*, size_t*, size_t,
                                            uint16_t algorithm, const uint8_t* input,
                                            size_t input_size) {
  SessionOf(library)->to_sign_ = TlsSigningRequest{algorithm, {input, input + input_size}};
  return ssl_private_key_retry;
}

ssl_private_key_result_t TlsCallbacks::Decrypt(SSL*, uint8_t*, size_t*, size_t, const uint8_t*,
                                               size_t) {
  return ssl_private_key_failure;  // only TLS 1.2 and older decrypt with it
}

ssl_private_key_result_t TlsCallbacks::Complete(SSL* library, uint8_t* out, size_t* out_size,
                                                size_t max) {
  TlsSession* const session = SessionOf(library);
  if (!session->signature_.has_value()) return ssl_private_key_retry;
  const std::vector<uint8_t> signature = *std::move(session->signature_);
  session->signature_.reset();
  session->to_sign_.reset();
  if (signature.empty() || signature.size() > max) return ssl_private_key_failure;
  std::ranges::copy(signature, out);
  *out_size = signature.size();
  return ssl_private_key_success;
}

ssl_verify_result_t TlsCallbacks::VerifyPeer(SSL* library, uint8_t* alert) {
  TlsSession* const session = SessionOf(library);
  std::vector<Certificate> chain;
  if (const STACK_OF(CRYPTO_BUFFER)* const sent = SSL_get0_peer_certificates(library)) {
    for (const CRYPTO_BUFFER* const der : sent) {
      chain.push_back(ParseCertificateDer({CRYPTO_BUFFER_data(der), CRYPTO_BUFFER_len(der)}));
      if (chain.back() == nullptr) {
        session->failure_ =
            absl::UnauthenticatedError("its certificate cannot be read; nothing was sent");
        *alert = SSL_AD_BAD_CERTIFICATE;
        return ssl_verify_invalid;
      }
    }
  }
  session->failure_ = VerifyServer(chain, session->context_->trust(), session->now_);
  if (session->failure_.ok()) return ssl_verify_ok;
  *alert = SSL_AD_BAD_CERTIFICATE;
  return ssl_verify_invalid;
}

}  // namespace ringwire::platform
