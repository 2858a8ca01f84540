#ifndef RINGWIRE_PLATFORM_RELAY_BODY_NUMBERS_H_
#define RINGWIRE_PLATFORM_RELAY_BODY_NUMBERS_H_

#include <cstring>
#include <string>
#include <string_view>

namespace ringwire::platform {

// A body as a sequence of its numbers, in this machine's byte order.
template <typename... Numbers>
std::string JoinNumbers(Numbers... numbers) {
  std::string body;
  (body.append(reinterpret_cast<const char*>(&numbers), sizeof(numbers)), ...);
  return body;
}

// False: the body has another length.
template <typename... Numbers>
bool SplitNumbers(std::string_view body, Numbers*... numbers) {
  if (body.size() != (sizeof(Numbers) + ...)) return false;
  const auto take = [&body](auto* number) {
    std::memcpy(number, body.data(), sizeof(*number));
    body.remove_prefix(sizeof(*number));
  };
  (take(numbers), ...);
  return true;
}

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_RELAY_BODY_NUMBERS_H_
