#ifndef RINGWIRE_PLATFORM_GATEWAY_NFT_COMMAND_H_
#define RINGWIRE_PLATFORM_GATEWAY_NFT_COMMAND_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace ringwire::platform {

// Whether a list of sets says what is in them.
enum class SetElements : uint8_t { kLeaveOut, kList };

// One transaction of libnftables, in JSON as is the answer. `tried` begins the error.
absl::StatusOr<std::string> RunNft(const std::string& json, const std::string& tried,
                                   SetElements elements = SetElements::kLeaveOut);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_NFT_COMMAND_H_
