#ifndef RINGWIRE_CORE_BASE_POST_QUANTUM_H_
#define RINGWIRE_CORE_BASE_POST_QUANTUM_H_

#include <cstdint>

namespace ringwire {

// What a configuration asks of the key exchange of a TLS session.
enum class PostQuantum : uint8_t {
  kAuto,     // offer a hybrid exchange first
  kRequire,  // accept nothing but a hybrid exchange
  kOff,      // never offer one: some networks drop a ClientHello of more than one segment
  kLast = kOff,
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_POST_QUANTUM_H_
