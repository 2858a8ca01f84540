#include "platform/relay/relay_replies.h"

#include <algorithm>

#include "crypto/secret.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/relay/relay_bodies.h"

namespace ringwire::platform {
namespace {

bool IsReply(RelayVerb verb) {
  return verb == RelayVerb::kStarted || verb == RelayVerb::kDone || verb == RelayVerb::kFailed ||
         verb == RelayVerb::kState || verb == RelayVerb::kPeers || verb == RelayVerb::kHosts ||
         verb == RelayVerb::kParts || verb == RelayVerb::kSockets;
}

absl::Status InvalidMessage() {
  return absl::InternalError("the relay process sent an invalid message");
}

}  // namespace

absl::StatusOr<RelayMessage> RelayReplies::Wait(RelayChannel* channel, const Question& question,
                                                TakeUnasked take_unasked) {
  const RelayPatience patience{BootNow() + question.patience, question.interrupt_fd};
  for (size_t taken = 0; taken < kUnaskedMax; ++taken) {
    absl::StatusOr<RelayMessage> message =
        channel->Receive(std::max(question.body_max, body_max()), patience);
    if (absl::IsDeadlineExceeded(message.status()) || absl::IsCancelled(message.status())) {
      GiveUp(question);
    }
    if (!message.ok()) return message;
    if (TakeLate(&*message)) continue;
    const bool is_reply = message->verb == question.reply;
    if (message->body.size() > (is_reply ? question.body_max : kRelayBodyMax)) {
      return InvalidMessage();
    }
    if (is_reply) return message;
    if (message->verb == RelayVerb::kFailed) return absl::AbortedError(ReasonOf(*message));
    if (IsReply(message->verb) || !take_unasked(*message)) return InvalidMessage();
  }
  GiveUp(question);
  return absl::InternalError(
      fmt::format("the relay process sent {} messages and no reply", kUnaskedMax));
}

void RelayReplies::GiveUp(const Question& question) {
  ++given_up_;
  late_body_max_ = std::max(late_body_max_, question.body_max);
}

bool RelayReplies::TakeLate(RelayMessage* message) {
  if (given_up_ == 0 || !IsReply(message->verb)) return false;
  if (--given_up_ == 0) late_body_max_ = 0;
  crypto::Cleanse(message->body.data(), message->body.size());  // a kState has keys
  return true;
}

size_t RelayReplies::body_max() const { return std::max(kRelayBodyMax, late_body_max_); }

}  // namespace ringwire::platform
