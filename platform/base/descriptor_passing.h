#ifndef RINGWIRE_PLATFORM_BASE_DESCRIPTOR_PASSING_H_
#define RINGWIRE_PLATFORM_BASE_DESCRIPTOR_PASSING_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Descriptors that one message of a Unix socket may carry: the kernel's limit.
inline constexpr size_t kPassedDescriptorsMax = 253;

// Sends some of `bytes`, at least one, over a Unix socket, and the descriptors with the first of
// them; they stay the caller's. Returns how many. Signals do not interrupt it.
absl::StatusOr<size_t> SendWithDescriptors(int socket, std::string_view bytes,
                                           std::span<const int> descriptors);

// Takes what has arrived into `bytes` and adds the descriptors that came with it, close-on-exec.
// Returns how many bytes that were. NotFound: the other end is closed. Unavailable: with the flag
// MSG_DONTWAIT, there is nothing yet.
absl::StatusOr<size_t> ReceiveWithDescriptors(int socket, std::span<char> bytes,
                                              std::vector<UniqueFd>* descriptors, int flags = 0);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_DESCRIPTOR_PASSING_H_
