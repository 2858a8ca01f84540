#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_CHANNEL_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_CHANNEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/base/limits.h"
#include "platform/base/descriptor_passing.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// The messages between supervisor and relay. A relay cannot name a command, path or address of the
// host: it reports its state and the results of requests. During an upgrade the two ends may be of
// different versions: add verbs at the end, and count kRelayProtocol up if one changes.
enum class RelayVerb : uint32_t {
  // From the relay.
  kStarted,       // the body: the interface's index, a uint32_t
  kDone,          // what it was asked
  kFailed,        // the body: why; to start, to go on, or to do what it was asked
  kState,         // the body: what wg shows of the device, as a configuration
  kPeers,         // the body: the public keys of the device's peers (KeysBody)
  kUnanswered,    // the body: the public keys of peers that do not answer (KeysBody)
  kHosts,         // the body: the single addresses of the device's peers (HostsBody)
  kPeersChanged,  // peers or their AllowedIPs are others than in the last kHosts; no body
  kAlive,         // control and every worker take turns; no body
  kSocket,  // asks for UDP sockets, or for a mark on those that come with it: SocketRequestBody
  // From the supervisor.
  kStart,      // the first one; the body: the endpoints of peers (EndpointsText)
  kConfigure,  // the body: a configuration; answered by kDone or kFailed
  kSetMark,    // the body: a uint32_t, the mark of the sockets; answered likewise
  kEndpoints,  // new endpoints of peers; the body as that of kStart; there is no answer
  kForget,  // the body: a peer whose handshakes to forget (KeysBody); answered by kDone or kFailed
  kGiveState,  // answered by kState, or kFailed
  kGivePeers,  // answered by kPeers
  kGiveHosts,  // answered by kHosts, or kFailed; kPeersChanged tells of each later change
  kSockets,    // to a kSocket: SocketReplyBody, with the sockets
  kNoSockets,  // likewise: SocketRefusalBody
  kDrain,      // the service is ending: it is not ready any more
  kServe,      // everything is set up: it is ready
  // Of an upgrade. The successor gets kParts, sends kPrepared, and then gets kSockets, kConfigure
  // and kStart, which it answers by kStarted alone.
  kGiveParts,  // from the supervisor; answered by kParts
  kParts,      // the body and the descriptors: PartsMessages
  kPrepared,   // from a successor: all is open; no body
  kHandOver,   // from the supervisor: stop, and answer by all kSockets and kState; or by kFailed
  kLeases,     // from the supervisor: a UAPI set of peers with leases; answered by kDone or kFailed
  kGiveUsed,   // likewise; answered by kPeers: those with a lease that have shaken hands
};
inline constexpr RelayVerb kLastRelayVerb = RelayVerb::kGiveUsed;
// Of the verbs and their bodies. A successor of another one refuses to be one.
inline constexpr uint32_t kRelayProtocol = 1;

inline constexpr size_t kRelayBodyMax = 4096;
// A configuration in this form is longer: each of its AllowedIPs has its own line.
inline constexpr size_t kRelayConfigurationMax = 4 * kConfigFileBytesMax;

struct RelayMessage {
  RelayVerb verb = RelayVerb::kDone;
  std::string body;  // may hold keys: the last user zeroes it
  std::vector<UniqueFd> descriptors = {};
};

// The maximum of a wait for the other process.
struct RelayPatience {
  Instant deadline = Instant::InfiniteFuture();
  int interrupt_fd = -1;  // ends the wait when it is readable; -1: none
};

// One end of a socket pair. Only Send and the Receive with a patience wait for the other process,
// and at most for that patience. A partial message stays here until the rest arrives.
// Thread-compatible.
class RelayChannel {
 public:
  // Both ends, close-on-exec. The supervisor does not trust the relay: its end accepts only short
  // messages unless it asks for more, and a send waits at most kSendPatience. The relay's end waits
  // for its supervisor as long as that lives.
  static absl::StatusOr<std::pair<RelayChannel, RelayChannel>> Make();
  // The relay's end in a process that was started with it.
  static RelayChannel OfRelay(UniqueFd socket);

  // How long the supervisor waits until a relay takes a message.
  static constexpr absl::Duration kSendPatience = absl::Seconds(10);

  int fd() const { return socket_.get(); }
  bool open() const { return socket_.valid(); }
  void Close() { socket_.Reset(); }

  // DeadlineExceeded, Cancelled: the patience ended. A partially sent message breaks the channel
  // permanently: both ends find it closed.
  absl::Status Send(RelayVerb verb, std::string_view body = {}, int interrupt_fd = -1);
  // The same, with at most kPassedDescriptorsMax descriptors, which the caller keeps.
  absl::Status SendWith(std::span<const int> descriptors, RelayVerb verb, std::string_view body);
  // Whether a message of the relay's would be sent without waiting.
  bool CanSend() const;
  // The other process has closed its end or is gone.
  bool IsClosed() const;

  // A whole message; nullopt: there is none yet. NotFound: the other end is gone. Internal: an
  // invalid message.
  absl::StatusOr<std::optional<RelayMessage>> TryReceive() { return TryReceive(body_max_); }
  absl::StatusOr<std::optional<RelayMessage>> TryReceive(size_t body_max);
  // Waits for one. DeadlineExceeded, Cancelled: the patience ended first.
  absl::StatusOr<RelayMessage> Receive(const RelayPatience& patience = {}) {
    return Receive(body_max_, patience);
  }
  absl::StatusOr<RelayMessage> Receive(size_t body_max, const RelayPatience& patience);

 private:
  static constexpr size_t kHeadBytes = 2 * sizeof(uint32_t);  // the verb, the body's size

  RelayChannel(UniqueFd socket, size_t body_max, absl::Duration send_patience)
      : socket_(std::move(socket)), body_max_(body_max), send_patience_(send_patience) {}
  absl::Status Send(RelayVerb verb, std::string_view body, std::span<const int> descriptors,
                    int interrupt_fd);
  absl::Status Write(std::string_view rest, const RelayPatience& patience);
  // Reads until `to` is full (true) or there is no more for now (false).
  absl::StatusOr<bool> Fill(std::span<char> to, size_t* filled);
  // The same for the head of a message, with what descriptors come with it.
  absl::StatusOr<bool> FillHead();

  UniqueFd socket_;
  size_t body_max_;
  absl::Duration send_patience_;
  // The message that is arriving. Its body has its final size at once, because a growing string
  // leaves copies of keys behind.
  std::array<char, kHeadBytes> head_{};
  size_t head_filled_ = 0;
  RelayMessage arriving_;
  size_t body_filled_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_CHANNEL_H_
