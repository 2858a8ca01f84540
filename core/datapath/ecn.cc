#include "core/datapath/ecn.h"

namespace ringwire {
namespace {

constexpr uint8_t kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3;
constexpr uint8_t kEcnMask = 3;

}  // namespace

uint8_t EcnEncapsulate(uint8_t inner_tos) { return inner_tos & kEcnMask; }

std::optional<uint8_t> EcnDecapsulate(uint8_t outer_tos, uint8_t inner_tos) {
  const uint8_t outer = outer_tos & kEcnMask;
  const uint8_t inner = inner_tos & kEcnMask;
  if (inner == kNotEct) {
    // The sender does not understand a mark, so congestion must show as a loss.
    if (outer == kCe) return std::nullopt;
    return inner_tos;
  }
  const bool is_marked = outer == kCe || (outer == kEct1 && inner == kEct0);
  if (!is_marked) return inner_tos;
  return static_cast<uint8_t>((inner_tos & ~kEcnMask) | outer);
}

}  // namespace ringwire
