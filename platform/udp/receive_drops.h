#ifndef RINGWIRE_PLATFORM_UDP_RECEIVE_DROPS_H_
#define RINGWIRE_PLATFORM_UDP_RECEIVE_DROPS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

namespace ringwire::platform {

// Datagrams that the kernel dropped at UDP sockets, above all because their receive buffer was
// full, summed over sockets that come and go. Asking costs a packet nothing, unlike SO_RXQ_OVFL,
// which adds a control message to each. Thread-compatible.
class ReceiveDrops {
 public:
  // The name in `show`, among the drops.
  static constexpr std::string_view kName = "receive_buffer_full";

  // Reads the kernel's counts of all sockets that are in use; -1: none. To be called before one is
  // closed, else its latest drops are lost. Sockets that cannot be asked count nothing.
  void Look(std::span<const int> sockets);
  uint64_t total() const { return total_; }

 private:
  std::map<uint64_t, uint32_t> last_;  // by the sockets' cookies; those of the last look
  uint64_t total_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_UDP_RECEIVE_DROPS_H_
