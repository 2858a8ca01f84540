#include "core/wire/path_probe.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/endian.h"

namespace ringwire {
namespace {

// Little-endian: version nibble 0, which no IP packet has, then 'R', 'W' and the kind.
constexpr uint32_t kProbe = 0x01575200;
constexpr uint32_t kAnswer = 0x02575200;

}  // namespace

std::optional<PathProbe> ParsePathProbe(std::span<const uint8_t> plaintext) {
  if (plaintext.size() < kPathProbeBytesMin) return std::nullopt;
  const uint32_t kind = LoadLe32(plaintext.data());
  if (kind != kProbe && kind != kAnswer) return std::nullopt;
  PathProbe probe;
  probe.is_answer = kind == kAnswer;
  probe.id = LoadLe32(plaintext.data() + 4);
  probe.bytes =
      probe.is_answer ? LoadLe32(plaintext.data() + 8) : static_cast<uint32_t>(plaintext.size());
  return probe;
}

void WritePathProbe(const PathProbe& probe, std::span<uint8_t> out) {
  DCHECK(out.size() >= kPathProbeBytesMin);
  std::ranges::fill(out, uint8_t{0});
  StoreLe32(out.data(), probe.is_answer ? kAnswer : kProbe);
  StoreLe32(out.data() + 4, probe.id);
  if (probe.is_answer) StoreLe32(out.data() + 8, probe.bytes);
}

}  // namespace ringwire
