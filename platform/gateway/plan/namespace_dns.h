#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_NAMESPACE_DNS_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_NAMESPACE_DNS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/config/gateway_config.h"

// The resolv.conf of the programs in a network namespace, where `ip netns exec` and `ringwire exec`
// look for it: its paths and its text. Pure; platform/gateway/host/namespace_dns_file.h writes it.
namespace ringwire::platform {

// The file that was there before is put aside under another name, so that it outlives a reboot as
// well.
struct NamespaceDnsPaths {
  static constexpr char kParent[] = "/etc/netns";
  // `parent`: for tests.
  explicit NamespaceDnsPaths(std::string_view name, std::string_view parent = kParent);

  std::string folder;
  std::string file;
  std::string put_aside;
};

// The whole file. Its first line names the interface that owns it.
std::string NamespaceDnsText(std::string_view interface, const DnsSettings& dns);
// The interface that a first line (without its line feed) names; empty: ringwire did not write it.
std::string_view NamespaceDnsOwner(std::string_view first_line);

// What a plan wants to know of it.
struct NamespaceDnsFacts {
  bool has_file = false;         // one that is not this interface's own
  uint32_t folders_missing = 0;  // of the two
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_NAMESPACE_DNS_H_
