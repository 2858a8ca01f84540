#ifndef RINGWIRE_PLATFORM_RELAY_RELAY_REPLIES_H_
#define RINGWIRE_PLATFORM_RELAY_RELAY_REPLIES_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/relay/relay_channel.h"

namespace ringwire::platform {

// How the supervisor waits for the relay's replies, one at a time. The relay is trusted with
// nothing: it decides neither when a wait ends nor how much is read meanwhile. Thread-compatible.
class RelayReplies {
 public:
  // Takes a message that is no reply; false: it breaks the rules.
  using TakeUnasked = absl::FunctionRef<bool(const RelayMessage&)>;

  struct Question {
    RelayVerb reply;                      // kStarted, kDone, kState or kPeers; kFailed answers all
    size_t body_max = kRelayBodyMax;      // of the reply
    absl::Duration patience = kPatience;  // for the reply, whatever else comes
    int interrupt_fd = -1;                // ends the wait when it is readable
  };
  static constexpr absl::Duration kPatience = absl::Seconds(30);
  // An honest relay sends far less between a question and the reply.
  static constexpr size_t kUnaskedMax = 1024;

  // The reply to the question that was sent last. Aborted: it is kFailed, with its reason.
  // NotFound: the relay is gone. DeadlineExceeded, Cancelled: the wait was given up. Internal: the
  // relay broke the rules, or sent more than kUnaskedMax other messages.
  absl::StatusOr<RelayMessage> Wait(RelayChannel* channel, const Question& question,
                                    TakeUnasked take_unasked);
  // Whether a message that has just arrived answers a question that was given up. Each such message
  // is asked about once; nobody wants it.
  bool IsLate(const RelayMessage& message);

 private:
  size_t given_up_ = 0;  // questions whose replies have not come yet
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_RELAY_REPLIES_H_
