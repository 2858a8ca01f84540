// Stands in for aead_ipsec_mb.cc where ringwire is built without intel-ipsec-mb.
#include "crypto/aead_ipsec_mb.h"
#include "crypto/aead_runs.h"

namespace ringwire::crypto {

IpsecMbKey::IpsecMbKey(AeadSuite /*suite*/, const SymmetricKey& /*key*/) {}

IpsecMbKey::~IpsecMbKey() = default;

IpsecMb MakeIpsecMb() { return {nullptr, "this ringwire is built without it", {}}; }

}  // namespace ringwire::crypto
