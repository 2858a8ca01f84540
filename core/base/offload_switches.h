#ifndef RINGWIRE_CORE_BASE_OFFLOAD_SWITCHES_H_
#define RINGWIRE_CORE_BASE_OFFLOAD_SWITCHES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringwire {

// Ways in which the kernel takes or gives many packets with one call. Everything works without any
// of them, only slower.
enum class Offload : uint8_t {
  kTso,               // TUN hands over TCP superpackets
  kUso,               // and UDP superpackets
  kUdpGso,            // a train of datagrams is sent with one call
  kUdpGro,            // a train is received as one
  kMultishotRead,     // io_uring reads TUN without being asked each time
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
  // "auto": all. "off": none. Else names with commas between them, each with '-' in front, and all
  // but these may be used, or '+', and the version of the kernel does not speak against it. In any
  // case; spaces around the commas do not matter. nullopt: something else.
  static std::optional<OffloadSwitches> Parse(std::string_view text);
  // What Parse() takes, for messages.
  static std::string Syntax();

  void SwitchOff(Offload offload) { off_[static_cast<size_t>(offload)] = true; }
  bool IsOff(Offload offload) const { return off_[static_cast<size_t>(offload)]; }
  // Whether it may be used even with a kernel whose version is known to break it: its distribution
  // may have mended it. What a test at start refuses stays refused.
  void Trust(Offload offload) { trusted_[static_cast<size_t>(offload)] = true; }
  bool IsTrusted(Offload offload) const { return trusted_[static_cast<size_t>(offload)]; }
  friend bool operator==(const OffloadSwitches&, const OffloadSwitches&) = default;

 private:
  std::array<bool, kOffloadCount> off_{};
  std::array<bool, kOffloadCount> trusted_{};
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_OFFLOAD_SWITCHES_H_
