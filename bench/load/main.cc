// Sends what many clients or an attacker would send to a WireGuard server, for ./dev bench scale
// and siege.

#include <arpa/inet.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/commands.h"
#include "bench/load/load_socket.h"
#include "core/device/key_text.h"

namespace ringwire::bench {
namespace {

constexpr char kUsage[] =
    "usage: wire_load keys [--first=N] [--count=N]         public keys of clients\n"
    "       wire_load x25519 [--seconds=S]                 operations a second on one core\n"
    "       wire_load handshakes --to=ADDRESS:PORT --server=KEY [--first=N] [--count=N] "
    "[--rate=R]\n"
    "                 [--window=N] [--patience=S] [--sources=ADDRESS] [--confirm=1]\n"
    "       wire_load flood --kind=KIND --to=ADDRESS:PORT --server=KEY [--first=N] [--rate=R]\n"
    "                 [--seconds=S] [--aim=ADDRESS:PORT] [--sources=ADDRESS]\n"
    "                 [--inner-source=ADDRESS] [--inner-target=ADDRESS]\n"
    "KIND: garbage, oversize, fragments, initiations, initiations-one-source, replayed, "
    "responses,\n"
    "cookie-replies, forged, replayed-data, peer-handshakes, peer-data, peer-tiny, "
    "peer-keepalives\n";

bool ParseEndpoint(const std::string& text, sockaddr_in* endpoint) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  endpoint->sin_family = AF_INET;
  endpoint->sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &endpoint->sin_addr) == 1;
}

bool Parse(std::string_view name, const std::string& value, LoadOptions* options) {
  const auto number = [&value] { return std::strtod(value.c_str(), nullptr); };
  if (name == "kind") {
    options->kind = value;
  } else if (name == "to") {
    return ParseEndpoint(value, &options->to);
  } else if (name == "aim") {
    return ParseEndpoint(value, &options->aim);
  } else if (name == "server") {
    return ParseKeyBase64(value, options->server);
  } else if (name == "first") {
    options->first = static_cast<uint32_t>(number());
  } else if (name == "count") {
    options->count = static_cast<uint32_t>(number());
  } else if (name == "rate") {
    options->rate = number();
  } else if (name == "seconds") {
    options->seconds = number();
  } else if (name == "window") {
    options->window = static_cast<uint32_t>(number());
  } else if (name == "patience") {
    options->patience = number();
  } else if (name == "confirm") {
    options->confirm = value == "1";
  } else if (name == "sources") {
    in_addr address{};
    if (::inet_pton(AF_INET, value.c_str(), &address) != 1) return false;
    options->sources = ntohl(address.s_addr);
  } else if (name == "inner-source" || name == "inner-target") {
    const std::optional<IpAddress> address = IpAddress::Parse(value);
    if (!address.has_value()) return false;
    (name == "inner-source" ? options->inner_source : options->inner_target) = *address;
  } else {
    return false;
  }
  return true;
}

int Main(const std::vector<std::string>& words) {
  LoadOptions options;
  bool is_valid = !words.empty();
  for (size_t i = 1; i < words.size() && is_valid; ++i) {
    const size_t equals = words[i].find('=');
    is_valid = words[i].starts_with("--") && equals != std::string::npos &&
               Parse(std::string_view(words[i]).substr(2, equals - 2), words[i].substr(equals + 1),
                     &options);
  }
  int status = 2;
  if (is_valid && words[0] == "keys") return PrintKeys(options);
  if (is_valid && words[0] == "x25519") return MeasureX25519(options);
  if (is_valid && options.to.sin_port != 0) {
    if (words[0] == "handshakes") status = RunHandshakes(options);
    if (words[0] == "flood") status = RunFlood(options);
  }
  if (status == 2) std::fputs(kUsage, stderr);
  return status;
}

}  // namespace
}  // namespace ringwire::bench

int main(int argc, char** argv) {
  return ringwire::bench::Main(std::vector<std::string>(argv + 1, argv + argc));
}
