#include "crypto/blake2s.h"

#include <blake2.h>

#include "crypto/require.h"
#include "crypto/secret.h"

namespace ringwire::crypto {
namespace {

// One computation. The state holds the key block and unhashed message bytes, hence the destructor.
class Blake2sState {
 public:
  explicit Blake2sState(size_t digest_bytes) {
    Require(blake2s_init(&state_, digest_bytes) == 0, "blake2s_init");
  }

  Blake2sState(size_t digest_bytes, std::span<const uint8_t> key) {
    Require(!key.empty() && key.size() <= BLAKE2S_KEYBYTES, "a BLAKE2s key has 1 to 32 bytes");
    Require(blake2s_init_key(&state_, digest_bytes, key.data(), key.size()) == 0,
            "blake2s_init_key");
  }

  Blake2sState(const Blake2sState&) = delete;
  Blake2sState& operator=(const Blake2sState&) = delete;
  ~Blake2sState() { Cleanse(&state_, sizeof(state_)); }

  void Update(std::span<const uint8_t> bytes) {
    if (bytes.empty()) return;
    Require(blake2s_update(&state_, bytes.data(), bytes.size()) == 0, "blake2s_update");
  }

  void Final(std::span<uint8_t> out) {
    Require(blake2s_final(&state_, out.data(), out.size()) == 0, "blake2s_final");
  }

 private:
  // The library declares the state packed; its vector code is faster with an aligned one.
  alignas(64) blake2s_state state_;
};

}  // namespace

Hash Blake2s(std::span<const uint8_t> a, std::span<const uint8_t> b, std::span<const uint8_t> c) {
  Hash hash;
  Blake2sState state(hash.size());
  state.Update(a);
  state.Update(b);
  state.Update(c);
  state.Final(hash);
  return hash;
}

Mac16 Blake2sMac16(std::span<const uint8_t> key, std::span<const uint8_t> a,
                   std::span<const uint8_t> b) {
  Mac16 mac;
  Blake2sState state(mac.size(), key);
  state.Update(a);
  state.Update(b);
  state.Final(mac);
  return mac;
}

}  // namespace ringwire::crypto
