#ifndef RINGWIRE_CORE_WIRE_PATH_PROBE_H_
#define RINGWIRE_CORE_WIRE_PATH_PROBE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

// Path probes (docs/path_mtu.md): the plaintext of a transport message that is no IP packet. It
// asks whether messages of its size arrive. Other implementations drop it inside the tunnel.
namespace ringwire {

inline constexpr size_t kPathProbeBytesMin = 16;

struct PathProbe {
  bool is_answer = false;
  uint32_t id = 0;     // drawn by the asker; the answer repeats it
  uint32_t bytes = 0;  // of the largest probe with this id that arrived
};

// nullopt: another packet. A probe's `bytes` is the size of `plaintext`.
std::optional<PathProbe> ParsePathProbe(std::span<const uint8_t> plaintext);
// Fills `out`, which has the size of the probe, or kPathProbeBytesMin for an answer.
void WritePathProbe(const PathProbe& probe, std::span<uint8_t> out);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_WIRE_PATH_PROBE_H_
