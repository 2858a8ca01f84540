#ifndef RINGWIRE_PLATFORM_OBSERVE_LOG_LINE_H_
#define RINGWIRE_PLATFORM_OBSERVE_LOG_LINE_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// Lines of a service's log: its own, and those that its hooks print. Pure.
namespace ringwire::platform {

// The syslog severity (3 error, 4 warning, 6 info, 7 debug) that a line of StartLogging() names, as
// text or JSON. A line of another program is info.
int SeverityOf(std::string_view line);

// The line without the time in front of it, for a receiver that adds its own.
std::string_view WithoutTime(std::string_view line);

// The line with a ? for each control character other than a tab: a terminal that shows the log must
// not obey what another process wrote into it.
std::string Printable(std::string_view line);

// Splits a stream of bytes into lines.
class LineSplitter {
 public:
  // A longer line is cut.
  static constexpr size_t kLineBytesMax = 8192;

  // Calls take(line) for each line that `bytes` completes; lines are without their end.
  template <typename Take>
  void Add(std::string_view bytes, Take take) {
    while (!bytes.empty()) {
      const size_t end = bytes.find('\n');
      const bool whole = end != std::string_view::npos;
      const size_t size = std::min(whole ? end : bytes.size(), kLineBytesMax - begun_.size());
      begun_.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
      const bool ends = !bytes.empty() && bytes.front() == '\n';
      if (ends) bytes.remove_prefix(1);
      if (ends || begun_.size() == kLineBytesMax) TakeBegun(take);
    }
  }
  // The last line may have no end.
  template <typename Take>
  void Finish(Take take) {
    if (!begun_.empty()) TakeBegun(take);
  }

 private:
  template <typename Take>
  void TakeBegun(Take take) {
    take(std::string_view(begun_));
    begun_.clear();
  }

  std::string begun_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_LOG_LINE_H_
