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
enum class Offload : uint8_t {
  kTso,               // TUN hands over TCP superpackets
  kUso,               // and UDP superpackets
  kUdpGso,            // a train of datagrams is sent with one call
  kUdpGro,            // a train is received as one
  kMultishotRead,     // one io_uring request reads TUN again and again
  kMultishotRecvmsg,  // and the sockets
  kTunGsoWrite,       // packets are merged and written to TUN as one
};
inline constexpr size_t kOffloadCount = 7;
inline constexpr std::array<Offload, kOffloadCount> kOffloads = {
    Offload::kTso,        Offload::kUso,           Offload::kUdpGso,
    Offload::kUdpGro,     Offload::kMultishotRead, Offload::kMultishotRecvmsg,
    Offload::kTunGsoWrite};

// The stable, lower-case name: "tso", "udp-gso".
std::string_view OffloadName(Offload offload);

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
