#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_CHANNEL_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/limits.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// What supervisor and relay say to each other. A relay can name no command, path or address of the
// host: it says what became of it and of what it was asked.
enum class RelayVerb : uint32_t {
  // From the relay.
  kStarted,     // the body: the interface's index, a uint32_t
  kDone,        // what it was asked
  kFailed,      // the body: why; to start, to go on, or to do what it was asked
  kRequest,     // by somebody on the status socket; the body: RequestBody
  kState,       // the body: what wg shows of the device, as a configuration
  kPeers,       // the body: the public keys of the device's peers (KeysBody)
  kUnanswered,  // the body: the public keys of peers that do not answer (KeysBody)
  // From the supervisor.
  kStart,      // the first one; the body: where peers are (EndpointsText)
  kConfigure,  // the body: a configuration; answered by kDone or kFailed
  kSetMark,    // the body: a uint32_t, the mark of the sockets; answered likewise
  kEndpoints,  // where peers are by now; the body as that of kStart; there is no answer
  kAnswer,     // to a kRequest; the body: AnswerBody
  kGiveState,  // answered by kState, or kFailed
  kGivePeers,  // answered by kPeers
  kServe,      // everything is set up; the body: one character, a Terminal. The last verb
};

inline constexpr size_t kRelayBodyMax = 4096;
// Written out, a configuration is longer: each of its AllowedIPs has a line of its own.
inline constexpr size_t kRelayConfigurationMax = 4 * kConfigFileBytesMax;

struct RelayMessage {
  RelayVerb verb = RelayVerb::kDone;
  std::string body;  // may hold keys: zeroed by whoever is done with it
};

// One end of a socket pair. Thread-compatible.
class RelayChannel {
 public:
  // Both ends, close-on-exec: the supervisor's, which takes short messages only unless it has asked
  // for more, and does not wait for ever, as it trusts the relay with nothing; and the relay's.
  static absl::StatusOr<std::pair<RelayChannel, RelayChannel>> Make();

  int fd() const { return socket_.get(); }
  bool open() const { return socket_.valid(); }
  void Close() { socket_.Reset(); }

  absl::Status Send(RelayVerb verb, std::string_view body = {});
  // Whether a message of the relay's would be sent without waiting.
  bool CanSend() const;
  // The other process has closed its end, or is no more.
  bool IsClosed() const;
  // Waits for a whole message. NotFound: the other end is gone. Anything else: it does not keep to
  // the rules, or takes longer than kPatience in the middle of a message.
  absl::StatusOr<RelayMessage> Receive() { return Receive(body_max_); }
  absl::StatusOr<RelayMessage> Receive(size_t body_max);

 private:
  RelayChannel(UniqueFd socket, size_t body_max)
      : socket_(std::move(socket)), body_max_(body_max) {}
  absl::Status ReadAll(char* to, size_t size);

  UniqueFd socket_;
  size_t body_max_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_CHANNEL_H_
