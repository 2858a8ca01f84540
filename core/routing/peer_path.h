#ifndef RINGWIRE_CORE_ROUTING_PEER_PATH_H_
#define RINGWIRE_CORE_ROUTING_PEER_PATH_H_

#include <atomic>
#include <cstdint>
#include <utility>

namespace ringwire {

// What workers know of the path to a peer, and what they learn for control (docs/path_mtu.md).
// Sizes are bytes of packets inside the tunnel.
struct PeerPath {
  // Every path carries these: 1,280 bytes, which IPv6 demands, less the tunnel's overhead.
  static constexpr uint32_t kFloorBytes = 1200;
  static constexpr uint32_t kNoLimit = 0xffffffff;

  // Control writes these three. Packets above `attention_above` need a look at the other two: on a
  // narrow path, all of them.
  std::atomic<uint32_t> attention_above{kFloorBytes};
  std::atomic<uint32_t> watch_above{kFloorBytes};  // tell control of larger ones (kLargeSent)
  std::atomic<uint32_t> packet_bytes_max{0};       // refuse larger ones; 0: none

  // Workers write these, control takes them: the id and the size; 0: none.
  std::atomic<uint64_t> probe{0};   // came from the peer (kPathProbe)
  std::atomic<uint64_t> answer{0};  // to our probe (kPathAnswer)

  void Publish(uint32_t bytes_max, bool watch) {
    packet_bytes_max.store(bytes_max);
    watch_above.store(watch ? kFloorBytes : kNoLimit);
    attention_above.store(bytes_max != 0 ? 0 : watch_above.load());
  }

  // Keeps the larger one of an id, else the newer one.
  static void Note(std::atomic<uint64_t>* place, uint32_t id, uint32_t bytes) {
    uint64_t before = place->load();
    uint64_t noted = 0;
    do {
      const auto [before_id, before_bytes] = Split(before);
      const bool keeps = before_id == id && before_bytes > bytes;
      noted = uint64_t{id} << 32 | (keeps ? before_bytes : bytes);
    } while (!place->compare_exchange_weak(before, noted));
  }
  static std::pair<uint32_t, uint32_t> Split(uint64_t noted) {
    return {static_cast<uint32_t>(noted >> 32), static_cast<uint32_t>(noted)};
  }
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_PEER_PATH_H_
