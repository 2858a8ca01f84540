#ifndef RINGWIRE_CORE_ENROL_RECENT_TABLE_H_
#define RINGWIRE_CORE_ENROL_RECENT_TABLE_H_

#include <cstddef>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace ringwire::enrol {

// A bounded map: if it is full, a new key takes the place of the one that was used longest ago.
// Thread-compatible.
template <typename Key, typename Value>
class RecentTable {
 public:
  explicit RecentTable(size_t most) : most_(most) {}
  RecentTable(RecentTable&&) = default;
  RecentTable& operator=(RecentTable&&) = default;

  // The value of `key`, made if there is none; good until the next call.
  Value& Use(const Key& key) {
    if (const auto found = places_.find(key); found != places_.end()) {
      entries_.splice(entries_.end(), entries_, found->second);
      return found->second->second;
    }
    if (entries_.size() == most_) {
      places_.erase(entries_.front().first);
      entries_.pop_front();
    }
    const auto place = entries_.emplace(entries_.end(), key, Value());
    places_.emplace(key, place);
    return place->second;
  }

  // Null: there is none. Does not count as a use.
  Value* Find(const Key& key) {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &found->second->second;
  }

  size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;
  size_t most_;
  Entries entries_;  // the one that was used longest ago first
  absl::flat_hash_map<Key, typename Entries::iterator> places_;
};

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_RECENT_TABLE_H_
