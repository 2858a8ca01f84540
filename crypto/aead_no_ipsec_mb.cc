// Stands in for aead_ipsec_mb.cc where ringwire is built without intel-ipsec-mb.
#include "crypto/aead_ipsec_mb.h"
#include "crypto/aead_runs.h"

namespace ringwire::crypto {

IpsecMbKey::IpsecMbKey(AeadSuite /*suite*/, const SymmetricKey& /*key*/) {}

IpsecMbKey::~IpsecMbKey() = default;

IpsecMbCpu IpsecMbCpu::OfThisMachine() { return {}; }

IpsecMb MakeIpsecMb() { return MakeIpsecMb(IpsecMbCpu::OfThisMachine()); }

IpsecMb MakeIpsecMb(const IpsecMbCpu& /*cpu*/) {
  return {nullptr, "this ringwire is built without it", {}};
}

}  // namespace ringwire::crypto
