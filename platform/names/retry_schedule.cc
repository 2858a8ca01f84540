#include "platform/names/retry_schedule.h"

#include <algorithm>
#include <utility>

namespace ringwire::platform {
namespace {

const absl::Duration kRetryMax = absl::Seconds(60);
const absl::Duration kDoubtInterval = absl::Seconds(30);

}  // namespace

void RetrySchedule::Want(Instant now, const std::vector<std::string>& names) {
  absl::btree_map<std::string, Entry> wanted;
  for (const std::string& name : names) {
    const auto known = names_.find(name);
    Entry& entry = wanted[name];
    if (known != names_.end()) entry = known->second;
    entry.due = now;
  }
  names_ = std::move(wanted);
}

void RetrySchedule::Doubt(Instant now, const std::string& name) {
  const auto found = names_.find(name);
  if (found == names_.end()) return;
  Entry& entry = found->second;
  entry.due = std::min(entry.due, std::max(now, entry.not_before));
}

Instant RetrySchedule::due() const {
  Instant due = Instant::InfiniteFuture();
  for (const auto& [name, entry] : names_) due = std::min(due, entry.due);
  return due;
}

std::optional<std::string> RetrySchedule::TakeDue(Instant now) {
  // Choose the one that has waited longest: otherwise names with slow failures would keep later
  // ones in the alphabet from their first lookup.
  const auto first = std::ranges::min_element(
      names_, [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
  if (first == names_.end() || first->second.due > now) return std::nullopt;
  first->second.due = Instant::InfiniteFuture();
  return first->first;
}

void RetrySchedule::Done(Instant now, const std::string& name, bool found) {
  const auto known = names_.find(name);
  if (known == names_.end()) return;
  Entry& entry = known->second;
  entry.tried = true;
  if (found) {
    entry.due = Instant::InfiniteFuture();
    entry.not_before = now + kDoubtInterval;
    entry.retry = absl::Seconds(1);
    return;
  }
  entry.due = now + entry.retry;
  entry.not_before = entry.due;
  entry.retry = std::min(2 * entry.retry, kRetryMax);
}

bool RetrySchedule::AllTried() const {
  return std::ranges::all_of(names_, [](const auto& one) { return one.second.tried; });
}

}  // namespace ringwire::platform
