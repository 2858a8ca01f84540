#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_IO_REMOTE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_IO_REMOTE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/wire/address.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The other side of a UDP conversation, with plain system calls: what a backend sends must arrive
// here, and the other way round. Aborts the test program when the kernel refuses something.
class Remote {
 public:
  struct Datagram {
    std::string payload;
    SocketAddress from;
    int tos = 0;
  };

  // Bound to `address`, any port.
  explicit Remote(const char* address, uint16_t port = 0);

  const SocketAddress& address() const { return address_; }
  int fd() const { return fd_.get(); }

  // Sends `payload`; with `segment_bytes` as a train.
  void Send(const SocketAddress& to, const std::string& payload, uint16_t segment_bytes = 0,
            int tos = 0) const;
  // The next datagram; waits up to ten seconds for it, then aborts.
  Datagram Receive() const;
  // Whether nothing lies on the socket now.
  bool IsQuiet() const;

 private:
  UniqueFd fd_;
  SocketAddress address_;
};

// "1.2.3.4:5", or aborts.
SocketAddress At(const std::string& address, uint16_t port);

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_IO_REMOTE_H_
