#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/control/config_file.h"

// Any bytes as a configuration file: errors are bounded and point into the file, and what is
// accepted means the same after a trip through the text for wg.
namespace ringwire {
namespace {

void CheckErrors(std::string_view text, const ConfigParse& parse) {
  CHECK(parse.errors.size() <= kConfigErrorsMax + 1);
  size_t lines = 1;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  for (const ConfigError& error : parse.errors) {
    CHECK(error.position.line >= 1 && error.position.line <= lines);
    CHECK(error.position.column >= 1 && error.position.column <= text.size() + 1);
    CHECK(!error.message.empty() && error.message.size() < 512);
    for (const char c : error.message) CHECK(static_cast<uint8_t>(c) >= 32 && c != 127);
  }
}

void CheckSameMeaning(const ConfigFile& original, const ConfigFile& copy) {
  CHECK(copy.private_key == original.private_key);
  CHECK(copy.listen_port == original.listen_port);
  CHECK(copy.fwmark == original.fwmark);
  CHECK(copy.deferred.empty() && copy.addresses.empty());
  CHECK(copy.peers.size() == original.peers.size());
  for (size_t i = 0; i < copy.peers.size(); ++i) {
    const PeerConfig& before = original.peers[i];
    const PeerConfig& after = copy.peers[i];
    CHECK(after.public_key == before.public_key);
    CHECK(after.preshared_key == before.preshared_key);
    CHECK(after.endpoint == before.endpoint);
    CHECK(after.persistent_keepalive_seconds == before.persistent_keepalive_seconds);
    CHECK(!after.allowed_ips_incremental);
    CHECK(after.allowed_ips.size() <= before.allowed_ips.size());
  }
}

}  // namespace
}  // namespace ringwire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ConfigParse parse = ParseConfigFile(text);
  CheckErrors(text, parse);
  if (!parse.ok()) return 0;
  const std::string stripped = Strip(parse.config);
  const ConfigParse again = ParseConfigFile(stripped);
  CHECK(again.ok());
  CheckSameMeaning(parse.config, again.config);
  CHECK(Strip(again.config) == stripped);
  const std::vector<std::optional<SocketAddress>> endpoints(again.config.peers.size());
  CHECK(ToDeviceUpdate(again.config, endpoints).peers.size() == endpoints.size());
  return 0;
}
