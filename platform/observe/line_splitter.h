#ifndef RINGWIRE_PLATFORM_OBSERVE_LINE_SPLITTER_H_
#define RINGWIRE_PLATFORM_OBSERVE_LINE_SPLITTER_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace ringwire::platform {

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

#endif  // RINGWIRE_PLATFORM_OBSERVE_LINE_SPLITTER_H_
