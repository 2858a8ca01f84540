#include "platform/relay/device_parts.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "platform/relay/body_numbers.h"

namespace ringwire::platform {
namespace {

constexpr uint8_t kTso = 1;
constexpr uint8_t kUso = 2;
constexpr uint8_t kUapi = 4;
constexpr uint8_t kStatus = 8;
constexpr uint8_t kFlags = kTso | kUso | kUapi | kStatus;

uint8_t FlagsOf(const DevicePartsView& parts) {
  return static_cast<uint8_t>((parts.tso ? kTso : 0) | (parts.uso ? kUso : 0) |
                              (parts.uapi >= 0 ? kUapi : 0) | (parts.status >= 0 ? kStatus : 0));
}

}  // namespace

DevicePartsView DeviceParts::View() const {
  DevicePartsView view{tso, uso, {}, uapi.get(), status.get()};
  for (const UniqueFd& queue : queues) view.queues.push_back(queue.get());
  return view;
}

std::vector<PartsMessage> PartsMessages(const DevicePartsView& parts) {
  CHECK(!parts.queues.empty());
  const auto count = static_cast<uint16_t>(parts.queues.size());
  std::vector<PartsMessage> messages;
  for (size_t first = 0; first < parts.queues.size(); first += kQueuesPerMessage) {
    const size_t end = std::min(first + kQueuesPerMessage, parts.queues.size());
    PartsMessage& message = messages.emplace_back();
    message.body = JoinNumbers(count, FlagsOf(parts));
    for (size_t i = first; i < end; ++i) message.descriptors.push_back(parts.queues[i]);
    if (first > 0) continue;
    for (const int listener : {parts.uapi, parts.status}) {
      if (listener >= 0) message.descriptors.push_back(listener);
    }
  }
  return messages;
}

bool TakeParts(std::string_view body, std::vector<UniqueFd> descriptors, DeviceParts* parts) {
  uint16_t count = 0;
  uint8_t flags = 0;
  if (!SplitNumbers(body, &count, &flags)) return false;
  if (count == 0 || count > kWorkersMax || (flags & ~kFlags) != 0) return false;
  const bool is_first = parts->queues_expected == 0;
  if (!is_first && (count != parts->queues_expected || flags != FlagsOf(parts->View())))
    return false;
  const size_t missing = count - parts->queues.size();
  const size_t queues = std::min(missing, kQueuesPerMessage);
  const size_t listeners =
      is_first ? size_t{(flags & kUapi) != 0} + size_t{(flags & kStatus) != 0} : 0;
  if (queues == 0 || descriptors.size() != queues + listeners) return false;
  parts->queues_expected = count;
  parts->tso = (flags & kTso) != 0;
  parts->uso = (flags & kUso) != 0;
  if (is_first && (flags & kStatus) != 0) {
    parts->status = std::move(descriptors.back());
    descriptors.pop_back();
  }
  if (is_first && (flags & kUapi) != 0) {
    parts->uapi = std::move(descriptors.back());
    descriptors.pop_back();
  }
  std::ranges::move(descriptors, std::back_inserter(parts->queues));
  return true;
}

}  // namespace ringwire::platform
