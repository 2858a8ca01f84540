#ifndef RINGWIRE_PLATFORM_TLS_KEY_EXCHANGE_H_
#define RINGWIRE_PLATFORM_TLS_KEY_EXCHANGE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "core/base/post_quantum.h"

struct ssl_ctx_st;

namespace ringwire::platform {

// Sets the key exchanges that `context` offers and accepts, the best first: hybrid ones that the
// library has (none with kOff), X25519, P-256. An error: the library refused the list, and would
// go on with its own, so the context must not be used.
absl::Status SetKeyExchanges(PostQuantum post_quantum, ssl_ctx_st* context);

// By the number of TLS' registry of groups.
bool IsHybridKeyExchange(uint16_t group);
std::string KeyExchangeName(uint16_t group);  // "X25519", or the number in hex

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_KEY_EXCHANGE_H_
