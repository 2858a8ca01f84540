#ifndef RINGWIRE_CORE_BASE_OFFLOAD_SWITCHES_H_
#define RINGWIRE_CORE_BASE_OFFLOAD_SWITCHES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringwire {

// Ways to pass many packets to or from the kernel in one call. ringwire works without them, but
// slower.
//
// A row is the offload, its stable lower-case name in options and `show`, and how packets are
// handled after it failed. docs/offloads.md and the man page name each one (`./dev check` knows).
#define RINGWIRE_OFFLOADS(X)                                                        \
  /* TUN hands over TCP superpackets */                                             \
  X(kTso, "tso", "the kernel splits TCP superpackets itself")                       \
  /* and UDP superpackets */                                                        \
  X(kUso, "uso", "the kernel splits UDP superpackets itself")                       \
  /* a train of datagrams is sent with one call */                                  \
  X(kUdpGso, "udp-gso", "datagrams are sent one by one on that socket")             \
  /* a train is received as one */                                                  \
  X(kUdpGro, "udp-gro", "datagrams are received one by one")                        \
  /* one io_uring request reads TUN again and again */                              \
  X(kMultishotRead, "multishot-read", "each packet is read with a call of its own") \
  /* and the sockets */                                                             \
  X(kMultishotRecvmsg, "multishot-recvmsg",                                         \
    "each datagram or train is received with a call of its own")                    \
  /* packets are merged and written to TUN as one */                                \
  X(kTunGsoWrite, "tun-gso-write", "packets are written one by one")

enum class Offload : uint8_t {
#define RINGWIRE_OFFLOAD_ENUM(offload, name, fallback) offload,
  RINGWIRE_OFFLOADS(RINGWIRE_OFFLOAD_ENUM)
#undef RINGWIRE_OFFLOAD_ENUM
};

#define RINGWIRE_OFFLOAD_VALUE(offload, name, fallback) Offload::offload,
inline constexpr std::array kOffloads = {RINGWIRE_OFFLOADS(RINGWIRE_OFFLOAD_VALUE)};
#undef RINGWIRE_OFFLOAD_VALUE
inline constexpr size_t kOffloadCount = kOffloads.size();

// The first text of an offload's row.
std::string_view OffloadName(Offload offload);
// The second.
std::string_view OffloadFallback(Offload offload);

// Which offloads may be used: all, unless switched off or known not to work.
class OffloadSwitches {
 public:
  // "auto": all. "off": none. Else names separated by commas, each with a prefix: '-' forbids it,
  // '+' allows it on a kernel version known to break it. Case and spaces around commas do not
  // matter. nullopt: invalid.
  static std::optional<OffloadSwitches> Parse(std::string_view text);
  // The syntax of Parse(), for error messages.
  static std::string Syntax();

  void SwitchOff(Offload offload) { off_[static_cast<size_t>(offload)] = true; }
  bool IsOff(Offload offload) const { return off_[static_cast<size_t>(offload)]; }
  // Whether it may be used on a kernel version that is known to break it: the distribution may have
  // fixed that kernel. An offload that fails its test at start stays refused.
  void Trust(Offload offload) { trusted_[static_cast<size_t>(offload)] = true; }
  bool IsTrusted(Offload offload) const { return trusted_[static_cast<size_t>(offload)]; }
  friend bool operator==(const OffloadSwitches&, const OffloadSwitches&) = default;

 private:
  std::array<bool, kOffloadCount> off_{};
  std::array<bool, kOffloadCount> trusted_{};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_OFFLOAD_SWITCHES_H_
