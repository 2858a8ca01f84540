#include "platform/base/resolv_conf.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <fstream>
#include <sstream>
#include <utility>

namespace ringwire::platform {
namespace {

bool IsAddress(const std::string& text) {
  in6_addr any{};
  const std::string without_zone = text.substr(0, text.find('%'));
  return ::inet_pton(AF_INET, text.c_str(), &any) == 1 ||
         ::inet_pton(AF_INET6, without_zone.c_str(), &any) == 1;
}

}  // namespace

// glibc ignores what is no address, and what follows the address.
std::vector<std::string> NameServersIn(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> servers;
  for (std::string line; servers.size() < kNameServersMax && std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::string address;
    if (!(words >> key >> address) || key != "nameserver" || !IsAddress(address)) continue;
    servers.push_back(std::move(address));
  }
  return servers;
}

bool IsResolvedStub(const std::vector<std::string>& servers) {
  return servers.size() == 1 && servers.front() == "127.0.0.53";
}

}  // namespace ringwire::platform
