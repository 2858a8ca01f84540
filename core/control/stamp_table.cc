#include "core/control/stamp_table.h"

#include <utility>

namespace ringwire {
namespace {

// How long the stamp of a removed peer is kept. A configuration that is written anew has its peers
// back at once, an administrator who takes one back within a day.
constexpr uint32_t kKeepSeconds = 24 * 3600;

uint32_t SecondsOf(Instant now) { return static_cast<uint32_t>(now.nanoseconds() / 1'000'000'000); }

}  // namespace

std::optional<Tai64n> StampTable::Find(const crypto::PublicKey& local,
                                       const crypto::PublicKey& peer) const {
  const std::optional<uint32_t> place = PlaceOf(local, peer);
  if (!place.has_value()) return std::nullopt;
  return At(*place).greatest;
}

std::optional<uint32_t> StampTable::PlaceOf(const crypto::PublicKey& local,
                                            const crypto::PublicKey& peer) const {
  const auto id = local_ids_.find(local);
  if (id == local_ids_.end()) return std::nullopt;
  const auto found = places_.find(Wanted{id->second, &peer});
  if (found == places_.end()) return std::nullopt;
  return *found;
}

void StampTable::Raise(Instant now, const HandshakeStamp& stamp) {
  std::optional<uint32_t> place = PlaceOf(stamp.local_public_key, stamp.peer_public_key);
  if (place.has_value() && stamp.greatest <= At(*place).greatest) return;
  if (!place.has_value()) {
    if (places_.size() >= capacity_) Drop(oldest_);
    place = Add(stamp);
  }
  At(*place).greatest = stamp.greatest;
  Use(now, *place);
  MarkChanged(*place);
}

void StampTable::Touch(Instant now, const crypto::PublicKey& local, const crypto::PublicKey& peer) {
  const std::optional<uint32_t> place = PlaceOf(local, peer);
  if (place.has_value()) Use(now, *place);
}

uint32_t StampTable::Add(const HandshakeStamp& stamp) {
  if (free_.empty()) {
    const auto first = static_cast<uint32_t>(slabs_.size() * kSlabStamps);
    slabs_.push_back(std::make_unique<std::array<Stamp, kSlabStamps>>());
    for (uint32_t i = kSlabStamps; i-- > 0;) free_.push_back(first + i);
  }
  const uint32_t place = free_.back();
  free_.pop_back();
  At(place) = Stamp{};
  At(place).peer = stamp.peer_public_key;
  At(place).local = AddLocal(stamp.local_public_key);
  ++locals_[At(place).local].stamps;
  places_.insert(place);
  return place;
}

uint32_t StampTable::AddLocal(const crypto::PublicKey& key) {
  const auto found = local_ids_.find(key);
  if (found != local_ids_.end()) return found->second;
  if (free_locals_.empty()) {
    free_locals_.push_back(static_cast<uint32_t>(locals_.size()));
    locals_.emplace_back();
  }
  const uint32_t local = free_locals_.back();
  free_locals_.pop_back();
  locals_[local] = Local{key, 0};
  local_ids_.emplace(key, local);
  return local;
}

bool StampTable::IsOldestDue(Instant now) const {
  return oldest_ != kNone && SecondsOf(now) >= At(oldest_).used_s + kKeepSeconds;
}

void StampTable::Use(Instant now, uint32_t place) {
  Unlink(place);
  Stamp& stamp = At(place);
  stamp.used_s = SecondsOf(now);
  stamp.older = newest_;
  if (newest_ != kNone) At(newest_).newer = place;
  newest_ = place;
  if (oldest_ == kNone) oldest_ = place;
}

void StampTable::Unlink(uint32_t place) {
  Stamp& stamp = At(place);
  if (stamp.older != kNone) At(stamp.older).newer = stamp.newer;
  if (stamp.newer != kNone) At(stamp.newer).older = stamp.older;
  if (oldest_ == place) oldest_ = stamp.newer;
  if (newest_ == place) newest_ = stamp.older;
  stamp.older = stamp.newer = kNone;
}

void StampTable::Drop(uint32_t place) {
  if (dropped_.size() >= changes_max_) MarkAllChanged();
  if (!all_changed_) dropped_.push_back({locals_[At(place).local].key, At(place).peer});
  places_.erase(place);
  Unlink(place);
  Stamp& stamp = At(place);
  Local& local = locals_[stamp.local];
  if (--local.stamps == 0) {
    local_ids_.erase(local.key);
    free_locals_.push_back(stamp.local);
  }
  stamp.changed = false;
  free_.push_back(place);
}

bool StampTable::Forget(const crypto::PublicKey& peer) {
  const size_t before = places_.size();
  for (uint32_t local = 0; local < locals_.size(); ++local) {
    if (locals_[local].stamps == 0) continue;
    const auto found = places_.find(Wanted{local, &peer});
    if (found != places_.end()) Drop(*found);
  }
  return places_.size() != before;
}

void StampTable::MarkChanged(uint32_t place) {
  if (all_changed_ || At(place).changed) return;
  if (changed_.size() >= changes_max_) {
    MarkAllChanged();
    return;
  }
  At(place).changed = true;
  changed_.push_back(place);
}

void StampTable::MarkAllChanged() {
  all_changed_ = true;
  changed_ = {};
  dropped_ = {};
}

HandshakeStamp StampTable::StampOf(uint32_t place) const {
  const Stamp& stamp = At(place);
  return {locals_[stamp.local].key, stamp.peer, stamp.greatest};
}

StampChanges StampTable::TakeChanges(bool all) {
  StampChanges changes;
  changes.is_complete = all || all_changed_;
  if (changes.is_complete) {
    changes.raised.reserve(places_.size());
    for (uint32_t place = oldest_; place != kNone; place = At(place).newer) {
      At(place).changed = false;
      changes.raised.push_back(StampOf(place));
    }
  } else {
    for (const uint32_t place : changed_) {
      if (!std::exchange(At(place).changed, false)) continue;
      changes.raised.push_back(StampOf(place));
    }
    changes.dropped = std::move(dropped_);
  }
  changes.alive = std::move(alive_);
  alive_ = {};
  all_changed_ = false;
  changed_ = {};
  dropped_ = {};
  return changes;
}

}  // namespace ringwire
