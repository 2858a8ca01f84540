#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_IO_BACKEND_FIXTURE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_IO_BACKEND_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/counters.h"
#include "core/datapath/batch.h"
#include "platform/io/backend_factory.h"
#include "platform/tun/tun_device.h"
#include "platform/udp/udp_socket.h"
#include "tests/support/packet_builder.h"
#include "tests/unit/platform/io/network_namespace.h"
#include "tests/unit/platform/io/remote.h"

namespace ringwire::platform {

struct BackendKind {
  const char* name;
  std::unique_ptr<IoBackend> (*make)(const BackendOptions&);
  const char* offloads = "auto";
};
// Every way of doing I/O: they have one contract.
inline constexpr BackendKind kIoUring{"IoUring", &MakeIoUringBackend};
inline constexpr BackendKind kIoUringPolled{"IoUringPolled", &MakeIoUringBackend,
                                            "-multishot-read,-multishot-recvmsg"};
inline constexpr BackendKind kEpoll{"Epoll", &MakeEpollBackend};

// One backend on a TUN device (10.0.0.1/24) and a pair of UDP sockets with GRO, in a network
// namespace of its own. Every suite runs for all of them.
class BackendTest : public testing::TestWithParam<BackendKind> {
 public:
  static constexpr PeerId kPeer{7, 1};
  static constexpr uint8_t kEcnMarked = 0x03;

  // A run as it was received, copied out of the slot.
  struct Received {
    std::string payload;
    uint32_t segments = 0;
    uint32_t segment_bytes = 0;
    Endpoint from;
    uint8_t tos = 0;
    bool truncated = false;
  };

 protected:
  void SetUp() override;
  void TearDown() override;

  // A backend on the fixture's device and sockets; the one made by SetUp() unless a test wants
  // other options.
  void StartBackend(uint32_t datagram_bytes_max = kDatagramBytesMax, IoFaults* faults = nullptr);
  // With a ladder of its own, some rungs switched off ("-uso,-udp-gro").
  void StartBackend(const char* offloads, IoFaults* faults = nullptr);
  void OpenSockets();

  std::string tun_name() const { return tun_->name; }
  uint16_t port() const { return group_.port; }
  UdpSockets& sockets() { return group_.workers[0]; }
  SocketAddress V4() const { return At("127.0.0.1", group_.port); }
  SocketAddress V6() const { return At("::1", group_.port); }

  // Takes what is in hand, then waits until there are `count` UDP runs in all.
  std::vector<Received> ReceiveRuns(size_t count);
  // Waits until `count` packets were read from TUN; returns their UDP payloads.
  std::vector<std::string> ReadTunPayloads(size_t count);
  // Makes the host send a datagram into the TUN device.
  void SendIntoTun(const std::string& payload);

  void Send(const std::string& bytes, size_t segment_bytes, const Endpoint& to, uint8_t tos = 0);
  // Writes one packet in two pieces.
  void WriteTun(Bytes packet, uint32_t segments = 1);

  std::optional<NetworkNamespace> namespace_;
  std::optional<TunDevice> tun_;
  std::optional<Remote> host_sender_;
  UdpSocketGroup group_;
  WorkerCounters counters_;
  std::vector<std::string> warnings_;
  std::unique_ptr<CapabilityLadder> ladder_;
  std::unique_ptr<IoBackend> backend_;
  // What was queued lives here until the test is over.
  std::deque<std::string> sent_;
  std::deque<Bytes> written_;
};

Endpoint ToRemote(const SocketAddress& remote, const char* local = nullptr);

std::string BackendName(const testing::TestParamInfo<BackendKind>& info);

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_IO_BACKEND_FIXTURE_H_
