#include "platform/tls/key_exchange.h"

#include <openssl/nid.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

// One name that the library does not know makes it refuse the whole list, so the preprocessor asks
// which of them it has.
constexpr int kHybrid[] = {
#ifdef NID_X25519MLKEM768
    NID_X25519MLKEM768,
#endif
#ifdef NID_X25519Kyber768
    NID_X25519Kyber768,
#elif defined(NID_X25519Kyber768Draft00)
    NID_X25519Kyber768Draft00,
#endif
};
constexpr int kClassic[] = {NID_X25519, NID_X9_62_prime256v1};

// The registry's numbers. Not taken from the library: each version of it lacks some.
constexpr uint16_t kX25519MlKem768 = 0x11ec;
constexpr uint16_t kX25519Kyber768 = 0x6399;

}  // namespace

absl::Status SetKeyExchanges(PostQuantum post_quantum, SSL_CTX* context) {
  int groups[std::size(kHybrid) + std::size(kClassic)];
  int* end = groups;
  if (post_quantum != PostQuantum::kOff) end = std::ranges::copy(kHybrid, end).out;
  end = std::ranges::copy(kClassic, end).out;
  if (SSL_CTX_set1_groups(context, groups, static_cast<size_t>(end - groups)) != 1) {
    return absl::InternalError("cannot start TLS: the library refuses the list of key exchanges");
  }
  return absl::OkStatus();
}

bool IsHybridKeyExchange(uint16_t group) {
  return group == kX25519MlKem768 || group == kX25519Kyber768;
}

std::string KeyExchangeName(uint16_t group) {
  if (group == kX25519MlKem768) return "X25519MLKEM768";
  if (group == kX25519Kyber768) return "X25519Kyber768";
  const char* const name = SSL_get_curve_name(group);
  return name != nullptr ? name : fmt::format("0x{:04x}", group);
}

}  // namespace ringwire::platform
