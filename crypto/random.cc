#include "crypto/random.h"

#include <openssl/rand.h>

#include <array>

#include "crypto/require.h"

namespace ringwire::crypto {
namespace {

template <typename Word>
Word LittleEndianWord(Random* random) {
  std::array<uint8_t, sizeof(Word)> bytes;
  random->Fill(bytes);
  Word word = 0;
  for (size_t i = 0; i < bytes.size(); ++i) word |= Word{bytes[i]} << (8 * i);
  return word;
}

}  // namespace

Random::~Random() = default;

uint32_t Random::Uint32() { return LittleEndianWord<uint32_t>(this); }
uint64_t Random::Uint64() { return LittleEndianWord<uint64_t>(this); }

void SystemRandom::Fill(std::span<uint8_t> out) {
  Require(RAND_bytes(out.data(), out.size()) == 1, "the system generator answers");
}

}  // namespace ringwire::crypto
