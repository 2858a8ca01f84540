#ifndef RINGWIRE_PLATFORM_IO_IO_FAULTS_H_
#define RINGWIRE_PLATFORM_IO_IO_FAULTS_H_

#include <cstdint>

namespace ringwire::platform {

enum class IoOperation : uint8_t { kUdpSend, kUdpReceive, kTunWrite, kTunRead };

// A kernel that refuses, for tests: a backend that is given one asks it before each operation.
// Owned by the test; called on the worker's thread.
class IoFaults {
 public:
  virtual ~IoFaults() = default;
  // The errno (positive) that the operation about to be done fails with, without being done; 0: it
  // goes ahead. With io_uring a read or a receive is one arming of its request, which may bring
  // many packets. What a backend repeats for a failure goes ahead unasked.
  virtual int Next(IoOperation operation) = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_IO_FAULTS_H_
