#include "platform/relay/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "core/base/limits.h"
#include "platform/base/read_file.h"
#include "platform/relay/network_interrupts.h"

namespace ringwire::platform {
namespace {

constexpr size_t kPinnedCpusMin = 4;

// Removes a number from the front of `text`.
std::optional<uint64_t> TakeNumber(std::string_view* text) {
  while (text->starts_with(' ')) text->remove_prefix(1);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return value;
}

}  // namespace

std::optional<size_t> ParseCpuMax(std::string_view text) {
  const std::optional<uint64_t> quota = TakeNumber(&text);
  const std::optional<uint64_t> period = TakeNumber(&text);
  if (!quota.has_value() || !period.has_value() || *period == 0) return std::nullopt;
  return std::max<size_t>(1, *quota / *period + (*quota % *period != 0 ? 1 : 0));
}

std::optional<std::string_view> ParseCgroupPath(std::string_view text) {
  constexpr std::string_view kUnified = "0::";
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(kUnified)) return line.substr(kUnified.size());
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return std::nullopt;
}

CpuBudget ReadCpuBudget() {
  CpuBudget budget;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof(mask), &mask) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<size_t>(cpu), &mask)) budget.cpus.push_back(cpu);
    }
  }
  budget.network_interrupts = ReadNetworkInterrupts();
  const std::string cgroup = ReadFile("/proc/self/cgroup").value_or("");
  std::string path(ParseCgroupPath(cgroup).value_or(""));
  while (true) {
    const std::optional<size_t> limit =
        ParseCpuMax(ReadFile("/sys/fs/cgroup" + path + "/cpu.max").value_or(""));
    if (limit.has_value()) budget.quota_cpus = std::min(*limit, budget.quota_cpus.value_or(*limit));
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return budget;
    path.resize(slash);
  }
}

size_t WorkersFor(const CpuBudget& budget) {
  size_t workers = budget.cpus.size();
  if (budget.quota_cpus.has_value()) workers = std::min(workers, *budget.quota_cpus);
  return std::clamp<size_t>(workers, 1, kWorkersMax);
}

std::vector<int> PinningFor(const CpuBudget& budget, size_t workers, PinChoice choice) {
  if (choice == PinChoice::kOff || budget.cpus.empty()) return {};
  const bool room = WorkersFor(budget) >= kPinnedCpusMin && workers <= budget.cpus.size();
  if (choice == PinChoice::kAuto && !room) return {};
  std::vector<int> quietest = budget.cpus;
  std::ranges::sort(quietest, {}, [&budget](int cpu) {
    const auto found = budget.network_interrupts.find(cpu);
    return std::pair(found == budget.network_interrupts.end() ? 0 : found->second, cpu);
  });
  quietest.resize(std::min(workers, quietest.size()));
  std::ranges::sort(quietest);
  std::vector<int> cpus;
  for (size_t i = 0; i < workers; ++i) cpus.push_back(quietest[i % quietest.size()]);
  return cpus;
}

}  // namespace ringwire::platform
