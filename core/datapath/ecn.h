#ifndef RINGWIRE_CORE_DATAPATH_ECN_H_
#define RINGWIRE_CORE_DATAPATH_ECN_H_

#include <cstdint>
#include <optional>

// Explicit congestion notification across a tunnel (RFC 6040, normal mode). Arguments and results
// are whole TOS / traffic class bytes; only their two low bits are ECN. DSCP is never copied in
// either direction.
namespace ringwire {

// The outer TOS of a sealed packet (RFC 6040 §4.1): the inner ECN, no DSCP.
uint8_t EcnEncapsulate(uint8_t inner_tos);
// The inner TOS after the outer header is gone (RFC 6040 §4.2); nullopt: the packet must be dropped
// (outer CE, inner not ECN-capable).
std::optional<uint8_t> EcnDecapsulate(uint8_t outer_tos, uint8_t inner_tos);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_ECN_H_
