#ifndef RINGWIRE_PLATFORM_GATEWAY_NFT_COMMAND_H_
#define RINGWIRE_PLATFORM_GATEWAY_NFT_COMMAND_H_

#include <string>

#include "absl/status/statusor.h"

namespace ringwire::platform {

// One transaction of libnftables, in JSON as is the answer. `tried` begins the error.
absl::StatusOr<std::string> RunNft(const std::string& json, const std::string& tried);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_NFT_COMMAND_H_
