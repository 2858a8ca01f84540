#ifndef RINGWIRE_PLATFORM_TLS_TLS_CALLBACKS_H_
#define RINGWIRE_PLATFORM_TLS_TLS_CALLBACKS_H_

#include <openssl/ssl.h>

#include "platform/tls/tls_session.h"

namespace ringwire::platform {

// What the library asks of a session during the handshake. SSL_set_app_data() has the session.
struct TlsCallbacks {
  // A server: refuses a name that is not its own, and every protocol but HTTP/1.1.
  static int CheckServerName(SSL* library, int* alert, void*);
  static int ChooseProtocol(SSL* library, const uint8_t** chosen, uint8_t* chosen_size,
                            const uint8_t* offered, unsigned offered_size, void*);
  // A server: hands out what is to be signed, and takes the signature.
  static const SSL_PRIVATE_KEY_METHOD kSigner;
  // A client: judges the server's certificates.
  static ssl_verify_result_t VerifyPeer(SSL* library, uint8_t* alert);

 private:
  static TlsSession* SessionOf(SSL* library);
  static ssl_private_key_result_t Sign(SSL* library, uint8_t* out, size_t* out_size, size_t max,
                                       uint16_t algorithm, const uint8_t* input, size_t input_size);
  static ssl_private_key_result_t Decrypt(SSL*, uint8_t*, size_t*, size_t, const uint8_t*, size_t);
  static ssl_private_key_result_t Complete(SSL* library, uint8_t* out, size_t* out_size,
                                           size_t max);
};

// As ALPN carries it: a length, then the name.
inline constexpr uint8_t kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_TLS_CALLBACKS_H_
