#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_NAMESPACE_DNS_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_NAMESPACE_DNS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/config/gateway_config.h"
#include "platform/gateway/plan/action.h"

// The resolv.conf of the programs in a network namespace, where `ip netns exec` and `ringwire exec`
// look for it. What was there before is put aside under another name, so that it outlives a reboot
// as well.
namespace ringwire::platform {

struct NamespaceDnsPaths {
  static constexpr char kParent[] = "/etc/netns";
  // `parent`: for tests.
  explicit NamespaceDnsPaths(std::string_view name, std::string_view parent = kParent);

  std::string folder;
  std::string file;
  std::string put_aside;
};

// Its first line says whose it is.
std::string NamespaceDnsText(std::string_view interface, const DnsSettings& dns);

// What a plan wants to know of it.
struct NamespaceDnsFacts {
  bool has_file = false;         // one that is not this interface's own
  uint32_t folders_missing = 0;  // of the two
};
NamespaceDnsFacts ReadNamespaceDnsFacts(const NamespaceDnsPaths& paths, std::string_view interface);

// False: another interface's is there, and stays.
absl::StatusOr<bool> WriteNamespaceDns(const NamespaceDnsPaths& paths, std::string_view interface,
                                       const SetNamespaceDns& dns);
// Leaves alone what somebody else has written since.
absl::Status RevertNamespaceDnsFile(const NamespaceDnsPaths& paths, std::string_view interface,
                                    const RevertNamespaceDns& dns);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_NAMESPACE_DNS_H_
