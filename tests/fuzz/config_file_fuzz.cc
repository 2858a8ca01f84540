#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/config/config_file.h"
#include "core/config/config_save.h"
#include "crypto/x25519.h"

// Any bytes as a configuration file: errors are bounded and point into the file, and what is
// accepted means the same after a trip through the text for wg, and is what comes out of saving it.
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
  CHECK(copy.addresses.empty());
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

bool IsItself(const ConfigFile& config, const PeerConfig& peer) {
  return config.private_key.has_value() &&
         crypto::PublicFromPrivate(*config.private_key) == peer.public_key;
}

// As wg sees the device: every peer once, and never the device itself.
ConfigFile StateFor(const ConfigFile& config) {
  ConfigFile state;
  state.private_key = config.private_key;
  state.listen_port = 51820;
  state.fwmark = 7;
  for (const PeerConfig& peer : config.peers) {
    bool known = false;
    for (const PeerConfig& other : state.peers) known |= other.public_key == peer.public_key;
    if (known || IsItself(config, peer)) continue;
    PeerConfig& copy = state.peers.emplace_back();
    copy.public_key = peer.public_key;
    copy.endpoint = EndpointName{"192.0.2.1", 7};
  }
  return state;
}

// However a file looks, what is saved has no errors, is the state, and is final.
void CheckSaving(std::string_view text, const ConfigFile& config) {
  // A target that is in no AllowedIPs any more is an error, for which a file is not replaced.
  if (!config.gateway.port_forwards.empty()) return;
  const ConfigFile state = StateFor(config);
  const SavedConfig saved = SaveConfig({text, config, NamedIn(config), state});
  const ConfigParse after = ParseConfigFile(saved.text);
  // Its port may have become one that the file forwards, and then the file is left as it is.
  if (!after.ok() && !config.gateway.port_forwards.empty()) return;
  CHECK(after.ok());
  CHECK(after.config.listen_port == state.listen_port);
  CHECK(after.config.fwmark == state.fwmark);
  // A peer that only the file has stays.
  size_t itself = 0;
  for (const PeerConfig& peer : config.peers) itself |= IsItself(config, peer) ? 1 : 0;
  CHECK(NamedIn(after.config).peers.size() == state.peers.size() + itself);
  CHECK(after.config.hooks == config.hooks);
  CHECK(SaveConfig({saved.text, after.config, NamedIn(config), state}).text == saved.text);
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
  if (text.size() < 4096) CheckSaving(text, parse.config);
  const std::vector<std::optional<SocketAddress>> endpoints(again.config.peers.size());
  CHECK(ToDeviceUpdate(again.config, endpoints).peers.size() == endpoints.size());
  return 0;
}
