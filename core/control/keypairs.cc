#include "core/control/keypairs.h"

#include <utility>

#include "core/base/check.h"

namespace ringwire {

Keypairs::~Keypairs() { CHECK(previous_ == nullptr && current_ == nullptr && next_ == nullptr); }

void Keypairs::AddAsInitiator(std::shared_ptr<Keypair> keypair, Instant now) {
  shared_->index_table.Publish(keypair->local_index(), keypair.get());
  std::shared_ptr<Keypair> replaced = std::move(current_);
  MakeCurrent(std::move(keypair));
  slot_->confirmed_index.store(0);  // this session is newer
  if (next_ != nullptr) {
    Discard(std::move(replaced), now);
    replaced = std::move(next_);
  }
  Discard(std::exchange(previous_, std::move(replaced)), now);
}

void Keypairs::AddAsResponder(std::shared_ptr<Keypair> keypair, Instant now) {
  shared_->index_table.Publish(keypair->local_index(), keypair.get());
  Discard(std::exchange(next_, std::move(keypair)), now);
  Discard(std::move(previous_), now);
}

bool Keypairs::Confirm(Instant now) {
  if (next_ == nullptr || !next_->has_received()) return false;
  std::shared_ptr<Keypair> replaced = std::move(current_);
  MakeCurrent(std::move(next_));
  Discard(std::exchange(previous_, std::move(replaced)), now);
  return true;
}

void Keypairs::ExpireSending() {
  for (Keypair* keypair : {previous_.get(), current_.get(), next_.get()}) {
    if (keypair != nullptr) keypair->ExpireSending();
  }
}

void Keypairs::Clear(Instant now) {
  slot_->current.store(nullptr);
  Discard(std::move(previous_), now);
  Discard(std::move(current_), now);
  Discard(std::move(next_), now);
}

void Keypairs::MakeCurrent(std::shared_ptr<Keypair> keypair) {
  current_ = std::move(keypair);
  // Sequentially consistent: control looks for staged packets after this store, as a worker looks
  // at `current` after staging one, and one of the two must see the other.
  slot_->current.store(current_.get());
}

void Keypairs::Discard(std::shared_ptr<Keypair> keypair, Instant now) {
  if (keypair == nullptr) return;
  shared_->index_table.Release(keypair->local_index());
  shared_->quiescence.Retire(std::move(keypair), now);
}

}  // namespace ringwire
