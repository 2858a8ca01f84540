#include "platform/relay/network_interrupts.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include "platform/base/read_file.h"

namespace ringwire::platform {
namespace {

// Linux has no more; a list with greater numbers is invalid.
constexpr int kCpusMax = 8192;

bool IsWordCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether `text` contains `name` as a whole word.
bool Names(std::string_view text, std::string_view name) {
  if (name.empty()) return false;
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !IsWordCharacter(text[at - 1])) &&
        (end == text.size() || !IsWordCharacter(text[end]))) {
      return true;
    }
  }
  return false;
}

// Removes a number from the front of `text`; nullopt: there is none.
std::optional<int> TakeIndex(std::string_view* text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || value < 0) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return value;
}

// The names that drivers give handlers of network cards: that of the interface, or of the device
// below it.
std::vector<std::string> NetworkDeviceNames() {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/sys/class/net", error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code none;
    const std::filesystem::path device = std::filesystem::canonical(entry->path() / "device", none);
    if (none) continue;  // virtual, like our own
    names.push_back(entry->path().filename().string());
    names.push_back(device.filename().string());
  }
  return names;
}

}  // namespace

std::vector<int> ParseNetworkInterrupts(std::string_view interrupts,
                                        const std::vector<std::string>& names) {
  std::vector<int> numbers;
  while (!interrupts.empty()) {
    const size_t end = interrupts.find('\n');
    std::string_view line = interrupts.substr(0, end);
    interrupts.remove_prefix(end == std::string_view::npos ? interrupts.size() : end + 1);
    const size_t first = line.find_first_not_of(' ');
    if (first == std::string_view::npos) continue;
    line.remove_prefix(first);
    const std::optional<int> number = TakeIndex(&line);
    if (!number.has_value() || !line.starts_with(':')) continue;  // NMI, LOC, the heading
    const auto names_it = [line](const std::string& name) { return Names(line, name); };
    if (std::ranges::any_of(names, names_it)) numbers.push_back(*number);
  }
  return numbers;
}

std::vector<int> ParseCpuList(std::string_view list) {
  while (!list.empty() && (list.back() == '\n' || list.back() == ' ')) list.remove_suffix(1);
  std::vector<int> cpus;
  while (true) {
    const std::optional<int> first = TakeIndex(&list);
    if (!first.has_value()) return {};
    int last = *first;
    if (list.starts_with('-')) {
      list.remove_prefix(1);
      const std::optional<int> end = TakeIndex(&list);
      if (!end.has_value()) return {};
      last = *end;
    }
    if (last < *first || last >= kCpusMax) return {};
    for (int cpu = *first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (list.empty()) return cpus;
    if (!list.starts_with(',')) return {};
    list.remove_prefix(1);
  }
}

std::map<int, size_t> ReadNetworkInterrupts() {
  std::map<int, size_t> by_cpu;
  const std::vector<int> numbers =
      ParseNetworkInterrupts(ReadFile("/proc/interrupts").value_or(""), NetworkDeviceNames());
  for (const int number : numbers) {
    const std::string folder = "/proc/irq/" + std::to_string(number) + "/";
    // The CPU that it goes to, among the allowed ones.
    std::vector<int> cpus = ParseCpuList(ReadFile(folder + "effective_affinity_list").value_or(""));
    if (cpus.empty()) cpus = ParseCpuList(ReadFile(folder + "smp_affinity_list").value_or(""));
    for (const int cpu : cpus) ++by_cpu[cpu];
  }
  return by_cpu;
}

}  // namespace ringwire::platform
