#ifndef RINGWIRE_TESTS_SUPPORT_RANDOM_CHANGES_H_
#define RINGWIRE_TESTS_SUPPORT_RANDOM_CHANGES_H_

#include <cstdint>
#include <random>
#include <string>

#include "core/device/device_update.h"
#include "crypto/secret.h"

namespace ringwire {

// Changes out of so few values that they meet often.
class RandomChanges {
 public:
  explicit RandomChanges(uint32_t seed) : random_(seed) {}

  DeviceUpdate Whole(bool replace_peers) {
    DeviceUpdate update;
    if (OneIn(2)) update.private_key = SecretOf(Below(3));
    if (OneIn(2)) update.listen_port = static_cast<uint16_t>(Below(3));
    if (OneIn(2)) update.fwmark = Below(3);
    if (OneIn(2)) update.transport_cipher = Cipher();
    update.replace_peers = replace_peers;
    for (uint32_t i = Below(7); i > 0; --i) update.peers.push_back(Peer());
    return update;
  }

 private:
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  bool OneIn(uint32_t n) { return Below(n) == 0; }
  TransportCipher Cipher() {
    return OneIn(2) ? TransportCipher::kAuto : TransportCipher::kChaCha20Poly1305;
  }
  static crypto::Secret<32> SecretOf(uint32_t number) {
    crypto::Secret<32> secret;
    secret.bytes()[5] = static_cast<uint8_t>(number);
    return secret;
  }

  PeerUpdate Peer() {
    PeerUpdate peer;
    peer.public_key[7] = static_cast<uint8_t>(Below(4));
    peer.remove = OneIn(8);
    peer.update_only = OneIn(8);
    if (OneIn(3)) peer.preshared_key = SecretOf(Below(3));
    if (OneIn(3)) {
      peer.endpoint = SocketAddress{.address = *IpAddress::Parse("192.0.2.1"),
                                    .port = static_cast<uint16_t>(1 + Below(2))};
    }
    if (OneIn(3)) peer.persistent_keepalive_seconds = static_cast<uint16_t>(Below(2));
    if (OneIn(3)) peer.name = OneIn(2) ? "a" : "b";
    if (OneIn(3)) peer.endpoint_name = OneIn(2) ? "a.example:1" : "";
    if (OneIn(3)) peer.transport_cipher = Cipher();
    peer.replace_allowed_ips = OneIn(2);
    for (uint32_t i = Below(6); i > 0; --i) {
      const auto length = static_cast<int>(8 * (1 + Below(2)));
      const std::string address = Below(2) == 0 ? "10.0.0.0" : "10.1.0.0";
      peer.allowed_ips.push_back({Prefix::Of(*IpAddress::Parse(address), length), OneIn(4)});
    }
    return peer;
  }

  std::mt19937 random_;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_RANDOM_CHANGES_H_
