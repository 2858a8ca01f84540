#include "platform/relay/peers_changed_notice.h"

namespace ringwire::platform {

void PeersChangedNotice::PeersChanged() {
  if (state_ != State::kQuiet) return;
  state_ = State::kOwed;
  SendOwed();
}

void PeersChangedNotice::SendOwed() {
  if (state_ != State::kOwed) return;  // the supervisor has asked meanwhile
  if (!channel_->CanSend()) {
    call_when_writable_([this] { SendOwed(); });
    return;
  }
  state_ = State::kSent;
  channel_->Send(RelayVerb::kPeersChanged).IgnoreError();  // fails only without a supervisor
}

}  // namespace ringwire::platform
