#ifndef RINGWIRE_PLATFORM_GATEWAY_HOST_NAMESPACE_DNS_FILE_H_
#define RINGWIRE_PLATFORM_GATEWAY_HOST_NAMESPACE_DNS_FILE_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/gateway/plan/action.h"
#include "platform/gateway/plan/namespace_dns.h"

// The resolv.conf of a network namespace on disk.
namespace ringwire::platform {

NamespaceDnsFacts ReadNamespaceDnsFacts(const NamespaceDnsPaths& paths, std::string_view interface);

// False: another interface owns the file, which is not changed.
absl::StatusOr<bool> WriteNamespaceDns(const NamespaceDnsPaths& paths, std::string_view interface,
                                       const action::SetNamespaceDns& dns);
// Keeps a file that another program has written since.
absl::Status RevertNamespaceDnsFile(const NamespaceDnsPaths& paths, std::string_view interface,
                                    const action::RevertNamespaceDns& dns);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_HOST_NAMESPACE_DNS_FILE_H_
