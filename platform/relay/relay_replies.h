#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_REPLIES_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_REPLIES_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/relay/relay_channel.h"

namespace ringwire::platform {

// The supervisor's wait for the relay's replies, one at a time. The relay is not trusted: it
// decides neither when a wait ends nor how much is read meanwhile. Thread-compatible.
class RelayReplies {
 public:
  // Takes a message that is no reply; false: it is invalid.
  using TakeUnasked = absl::FunctionRef<bool(const RelayMessage&)>;

  struct Question {
    RelayVerb reply;  // kStarted, kDone, kState, kPeers or kHosts; kFailed answers all
    size_t body_max = kRelayBodyMax;      // of the reply
    absl::Duration patience = kPatience;  // for the reply, whatever else comes
    int interrupt_fd = -1;                // ends the wait when it is readable
  };
  static constexpr absl::Duration kPatience = absl::Seconds(30);
  // An honest relay sends far less between a question and the reply.
  static constexpr size_t kUnaskedMax = 1024;

  // The reply to the last request. Aborted: kFailed, with its reason. NotFound: the relay is gone.
  // DeadlineExceeded, Cancelled: the wait ended. Internal: an invalid message, or more than
  // kUnaskedMax other messages.
  absl::StatusOr<RelayMessage> Wait(RelayChannel* channel, const Question& question,
                                    TakeUnasked take_unasked);
  // Whether a message that has just arrived answers an abandoned request; then it is zeroed. Call
  // once for each message that arrives outside of Wait.
  bool TakeLate(RelayMessage* message);
  // The maximum size of a message outside of Wait: late replies may be long.
  size_t body_max() const;

 private:
  void GiveUp(const Question& question);

  size_t given_up_ = 0;       // requests whose replies have not come yet
  size_t late_body_max_ = 0;  // of those replies
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_REPLIES_H_
