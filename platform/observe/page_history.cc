#include "platform/observe/page_history.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace ringwire::platform {
namespace {

uint64_t CountOf(const WorkerReport& worker, std::string_view name) {
  const auto found = std::ranges::find(worker.counts, name, &NamedCounts::value_type::first);
  return found == worker.counts.end() ? 0 : found->second;
}

PageHistory::Sample SampleOf(absl::Time now, const StatusReport& report) {
  PageHistory::Sample sample;
  sample.time = now;
  for (const WorkerReport& worker : report.workers) {
    sample.received_bytes += CountOf(worker, "tun_write_bytes");
    sample.transmitted_bytes += CountOf(worker, "tun_read_bytes");
    sample.cpu_us.push_back(worker.cpu_us);
  }
  return sample;
}

}  // namespace

void PageHistory::Add(absl::Time now, std::span<const InterfaceStatus> interfaces) {
  std::map<std::string, std::deque<Sample>> next;
  for (const InterfaceStatus& one : interfaces) {
    if (next.size() == kInterfacesMax) break;
    const auto known = interfaces_.find(one.name);
    std::deque<Sample> samples;
    if (known != interfaces_.end()) samples = std::move(known->second);
    if (one.report.has_value()) samples.push_back(SampleOf(now, *one.report));
    // A clock that was set back would make a history of the future.
    std::erase_if(samples, [now](const Sample& sample) {
      return sample.time > now || now - sample.time > kPageHistorySpan + kPageSampleInterval;
    });
    while (samples.size() > kSamplesMax) samples.pop_front();
    next[one.name] = std::move(samples);
  }
  interfaces_ = std::move(next);
}

const std::deque<PageHistory::Sample>& PageHistory::SamplesOf(const std::string& interface) const {
  static const std::deque<Sample> kNone;
  const auto found = interfaces_.find(interface);
  return found == interfaces_.end() ? kNone : found->second;
}

double PageHistory::LoadOf(const std::string& interface, size_t worker) const {
  const std::deque<Sample>& samples = SamplesOf(interface);
  if (samples.size() < 2) return 0;
  const Sample& before = samples[samples.size() - 2];
  const Sample& now = samples.back();
  if (worker >= before.cpu_us.size() || worker >= now.cpu_us.size()) return 0;
  if (now.cpu_us[worker] < before.cpu_us[worker] || now.time <= before.time) return 0;
  const auto used_us = static_cast<double>(now.cpu_us[worker] - before.cpu_us[worker]);
  return used_us / absl::ToDoubleMicroseconds(now.time - before.time);
}

}  // namespace ringwire::platform
