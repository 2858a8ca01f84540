#ifndef RINGWIRE_PLATFORM_NAMES_RESOLVER_MESSAGES_H_
#define RINGWIRE_PLATFORM_NAMES_RESOLVER_MESSAGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/base/resolv_conf.h"

// The messages between supervisor and resolver: one per packet, each of a fixed size, so that an
// attacker in the resolver can send only addresses and a few printable characters. Pure. Both ends
// are the same program.
namespace ringwire::platform {

inline constexpr size_t kNameBytesMax = 255;  // of the DNS
inline constexpr size_t kServersMax = kNameServersMax;
inline constexpr size_t kAnswerAddressesMax = 32;

// From the supervisor, with descriptors of the current /etc/hosts and /etc/resolv.conf, if they
// exist.
struct ResolverQuestion {
  uint32_t id = 0;  // of everything that belongs to this question
  uint8_t has_hosts = 0;
  uint8_t has_resolv_conf = 0;
  uint8_t servers = 0;  // servers that may be queried, by number; 0: only the hosts file is read
  uint8_t name_bytes = 0;
  std::array<char, kNameBytesMax> name{};
  std::string_view Name() const { return {name.data(), name_bytes}; }
};
// nullopt: too long for a name.
std::optional<ResolverQuestion> MakeQuestion(uint32_t id, std::string_view name, size_t servers);

// To the supervisor: requests a socket connected to this server. Answered by a ResolverSocket, with
// the socket if there is one.
struct ResolverWish {
  uint32_t id = 0;
  uint8_t server = 0;
  uint8_t is_stream = 0;
};
struct ResolverSocket {
  uint32_t id = 0;
};

// To the supervisor: the final answer to a question.
struct ResolverAnswer {
  struct Address {
    uint8_t is_v6 = 0;
    std::array<uint8_t, 16> bytes{};
  };
  uint32_t id = 0;
  uint8_t addresses = 0;  // 0: `error` says why
  std::array<Address, kAnswerAddressesMax> address{};
  std::array<char, 64> error{};
};
ResolverAnswer MakeAnswer(uint32_t id, const absl::StatusOr<std::vector<SocketAddress>>& found);
// With port 0. The error is one line without control characters.
absl::StatusOr<std::vector<SocketAddress>> AddressesOf(const ResolverAnswer& answer);

// A message as bytes, and back again: nullopt if it has another size. All sizes differ.
template <typename Message>
std::string_view BytesOf(const Message& message) {
  return {reinterpret_cast<const char*>(&message), sizeof(message)};
}
template <typename Message>
std::optional<Message> MessageIn(std::string_view bytes) {
  Message message;
  if (bytes.size() != sizeof(message)) return std::nullopt;
  bytes.copy(reinterpret_cast<char*>(&message), sizeof(message));
  return message;
}
static_assert(sizeof(ResolverQuestion) < sizeof(ResolverAnswer));
static_assert(sizeof(ResolverSocket) < sizeof(ResolverWish));

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_RESOLVER_MESSAGES_H_
