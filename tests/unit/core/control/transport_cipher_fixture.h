#ifndef RINGWIRE_TESTS_UNIT_CORE_CONTROL_TRANSPORT_CIPHER_FIXTURE_H_
#define RINGWIRE_TESTS_UNIT_CORE_CONTROL_TRANSPORT_CIPHER_FIXTURE_H_

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/wire/constants.h"
#include "tests/support/control_pair.h"

// Two control planes that can use AES-256-GCM, and what the tests of the choice do with them.
namespace ringwire {

inline constexpr ControlOptions kHasAes{.has_aes = true};
inline constexpr auto kChaCha = crypto::AeadSuite::kChaCha20Poly1305;
inline constexpr auto kAes = crypto::AeadSuite::kAes256Gcm;

class AesPair : public ControlPair {
 public:
  explicit AesPair(uint64_t seed = 1) : ControlPair(seed, true, kHasAes, kHasAes) {}
};

inline void SetDeviceCipher(ControlPair& pair, ControlNode& node, TransportCipher cipher) {
  DeviceUpdate update;
  update.transport_cipher = cipher;
  ASSERT_TRUE(node.Apply(pair.now, update).ok());
}

inline void SetPeerCipher(ControlPair& pair, ControlNode& node, const ControlNode& peer,
                          TransportCipher cipher) {
  DeviceUpdate update;
  update.peers.push_back({.public_key = peer.public_key, .update_only = true});
  update.peers[0].transport_cipher = cipher;
  ASSERT_TRUE(node.Apply(pair.now, update).ok());
}

inline ControlDatagram TakeOnly(ControlNode& node) {
  CHECK(node.sent.size() == 1);
  return std::exchange(node.sent, {})[0];
}

inline crypto::AeadSuite SuiteInA(const ControlPair& pair) {
  return pair.slot_in_a().current.load()->suite();
}
inline crypto::AeadSuite SuiteInB(const ControlPair& pair) {
  return pair.slot_in_b().current.load()->suite();
}

// The initiation that A makes now, undelivered.
inline std::vector<uint8_t> InitiationOfA(ControlPair& pair) {
  pair.a.Stage(pair.now, pair.slot_in_a());
  return TakeOnly(pair.a).bytes;
}

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_UNIT_CORE_CONTROL_TRANSPORT_CIPHER_FIXTURE_H_
