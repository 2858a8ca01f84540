#ifndef RINGWIRE_PLATFORM_IO_IO_FAULTS_H_
#define RINGWIRE_PLATFORM_IO_IO_FAULTS_H_

#include <cstdint>

namespace ringwire::platform {

enum class IoOperation : uint8_t { kUdpSend, kUdpReceive, kTunWrite, kTunRead };

// A kernel that refuses operations, for tests: a backend that has one asks it before each
// operation. Owned by the test; called on the worker's thread.
class IoFaults {
 public:
  virtual ~IoFaults() = default;
  // The errno (positive) with which the next operation fails without being done; 0: it proceeds.
  // With io_uring a read or a receive is one arming of its request, which may bring many packets. A
  // backend's repetition after a failure proceeds without asking.
  virtual int Next(IoOperation operation) = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_IO_FAULTS_H_
