#include <string_view>

#include "core/config/config_parser.h"
#include "fmt/format.h"

// What no single line of [Connect] shows.
namespace ringwire::config_parser {

// The gateway gives what these keys and sections would.
void ReviewConnect(Reading* reading) {
  const ConfigFile& config = reading->config();
  if (!config.connect.has_value()) return;
  const auto fail = [reading](std::string_view why) {
    reading->Fail(reading->connect_position, fmt::format("[Connect] {}", why));
  };
  if (config.connect->server.host.empty()) fail("has no Server");
  if (!config.peers.empty()) {
    fail("and [Peer] exclude each other: the gateway becomes the only peer");
  }
  if (config.enrol.has_value()) fail("and [Enrol] exclude each other");
  if (config.save_config) {
    fail("and SaveConfig exclude each other: the gateway's settings would become part of the file");
  }
}

}  // namespace ringwire::config_parser
