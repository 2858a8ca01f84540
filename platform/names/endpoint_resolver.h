#ifndef RINGWIRE_PLATFORM_NAMES_ENDPOINT_RESOLVER_H_
#define RINGWIRE_PLATFORM_NAMES_ENDPOINT_RESOLVER_H_

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/wire/address.h"

namespace ringwire::platform {

// Converts the system's form, with port 0; nullopt: neither IPv4 nor IPv6.
std::optional<SocketAddress> SocketAddressOf(const sockaddr* address);

// Parses an address, also with an interface name as its zone; nullopt: a name. Sends no query.
std::optional<SocketAddress> NumericAddress(const std::string& host);

struct NameAnswer {
  std::string name;
  absl::StatusOr<std::vector<SocketAddress>> addresses;  // with port 0, not empty
};

// Looks names up on a thread of its own, and retries failed ones as RetrySchedule says. All calls
// on one thread.
class EndpointResolver {
 public:
  using LookUp = std::function<absl::StatusOr<std::vector<SocketAddress>>(const std::string&)>;

  explicit EndpointResolver(LookUp look_up);
  // Does not wait for a lookup under way: its thread ends by itself and uses none of our memory.
  ~EndpointResolver();
  EndpointResolver(const EndpointResolver&) = delete;
  EndpointResolver& operator=(const EndpointResolver&) = delete;

  // The thread starts with the first name.
  absl::Status Want(const std::vector<std::string>& names);
  void Doubt(const std::string& name);
  bool AllTried() const;

  // Readable while there are answers.
  int fd() const;
  std::vector<NameAnswer> TakeAnswers();

 private:
  struct Shared;
  static void Run(const std::shared_ptr<Shared>& shared);

  const std::shared_ptr<Shared> shared_;
  bool started_ = false;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_ENDPOINT_RESOLVER_H_
