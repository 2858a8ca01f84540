#include "platform/gateway/plan/packet_marks.h"

#include <algorithm>
#include <array>

namespace ringwire::platform {
namespace {

constexpr uint32_t kFirstMark = 0x1000;
constexpr uint32_t kFirstTable = 51820;  // as wg-quick
constexpr uint32_t kPlaceBits = 5;       // of the place in the lowest bits of a mark
constexpr uint32_t kReplyBit = 0x20;
constexpr uint32_t kOwnRouteBit = 0x40;
constexpr uint32_t kPlaceMask = (1U << kPlaceBits) - 1;
// The place's other bits follow those of replies and own routes.
constexpr uint32_t kHighShift = kPlaceBits + 2;
constexpr uint32_t kPlacesMax = kFirstMark >> 2;

static_assert(((kFirstMark | kPlaceMask | kReplyBit | kOwnRouteBit) & kForeignMarkBits) == 0);

constexpr uint32_t MarkAt(uint32_t place) {
  return kFirstMark + ((place >> kPlaceBits << kHighShift) | (place & kPlaceMask));
}
static_assert(MarkAt(kPlacesMax - 1) < 2 * kFirstMark);

uint32_t With(uint32_t own, uint32_t bit) {
  return own == bit ? own ^ (kReplyBit | kOwnRouteBit) : own ^ bit;
}

}  // namespace

uint32_t ChooseMark(std::span<const uint32_t> taken) {
  const auto is_taken = [taken](uint32_t number) {
    return std::ranges::find(taken, number) != taken.end();
  };
  uint32_t place = 0;
  const auto is_free = [&] {
    const uint32_t mark = MarkAt(place);
    return std::ranges::none_of(
        std::array{mark, TableOfMark(mark), ReplyMark(mark), OwnRouteMark(mark)}, is_taken);
  };
  while (!is_free()) ++place;
  return MarkAt(place);
}

uint32_t TableOfMark(uint32_t mark) {
  const uint32_t high = (mark - kFirstMark) >> kHighShift;
  const uint32_t place = (high << kPlaceBits) | (mark & kPlaceMask);
  if (place >= kPlacesMax || MarkAt(place) != mark) return mark;
  return kFirstTable + place;
}

uint32_t ReplyMark(uint32_t own) { return With(own, kReplyBit); }
uint32_t OwnRouteMark(uint32_t own) { return With(own, kOwnRouteBit); }

}  // namespace ringwire::platform
