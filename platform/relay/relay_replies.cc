#include "platform/relay/relay_replies.h"

#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/relay/relay_bodies.h"

namespace ringwire::platform {
namespace {

bool IsReply(RelayVerb verb) {
  return verb == RelayVerb::kStarted || verb == RelayVerb::kDone || verb == RelayVerb::kFailed ||
         verb == RelayVerb::kState || verb == RelayVerb::kPeers || verb == RelayVerb::kHosts;
}

}  // namespace

absl::StatusOr<RelayMessage> RelayReplies::Wait(RelayChannel* channel, const Question& question,
                                                TakeUnasked take_unasked) {
  const RelayPatience patience{BootNow() + question.patience, question.interrupt_fd};
  for (size_t taken = 0; taken < kUnaskedMax; ++taken) {
    absl::StatusOr<RelayMessage> message = channel->Receive(question.body_max, patience);
    if (absl::IsDeadlineExceeded(message.status()) || absl::IsCancelled(message.status())) {
      ++given_up_;
    }
    if (!message.ok()) return message;
    if (IsLate(*message)) continue;
    if (message->verb == question.reply) return message;
    if (message->verb == RelayVerb::kFailed) return absl::AbortedError(ReasonOf(*message));
    if (IsReply(message->verb) || !take_unasked(*message)) {
      return absl::InternalError("the relay process sent an invalid message");
    }
  }
  ++given_up_;
  return absl::InternalError(
      fmt::format("the relay process sent {} messages and no reply", kUnaskedMax));
}

bool RelayReplies::IsLate(const RelayMessage& message) {
  if (given_up_ == 0 || !IsReply(message.verb)) return false;
  --given_up_;
  return true;
}

}  // namespace ringwire::platform
