#ifndef RINGWIRE_PLATFORM_NAMES_RESOLVER_CLIENT_H_
#define RINGWIRE_PLATFORM_NAMES_RESOLVER_CLIENT_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/wire/address.h"
#include "platform/names/packet_channel.h"
#include "platform/names/resolver_messages.h"

namespace ringwire::platform {

// How to look a name up: with /etc/hosts and DNS only.
struct NameQuestion {
  std::string host = {};
  uint32_t mark = 0;         // of every socket; CAP_NET_ADMIN. 0: none
  std::string servers = {};  // as ReadNameServers gives them
  bool hosts_only = false;
};

// The supervisor's side of the resolver process (resolver_process.h). It starts the process with
// the first question and whenever it is gone, gives it the files and sockets for a question, and
// accepts only addresses. All calls on one thread; when that thread ends, the process ends.
class ResolverClient {
 public:
  // Starts the process, which serves its end of the channel; returns its id.
  using Start = std::function<absl::StatusOr<pid_t>(PacketChannel its_end)>;

  explicit ResolverClient(Start start = &StartResolverProgram);
  ~ResolverClient() { End(); }
  ResolverClient(const ResolverClient&) = delete;
  ResolverClient& operator=(const ResolverClient&) = delete;

  // All addresses of the host, with port 0; those with a route for a marked socket first, IPv6
  // before IPv4. Blocks for at most kPatience.
  absl::StatusOr<std::vector<SocketAddress>> LookUp(const NameQuestion& question);

 private:
  static absl::StatusOr<pid_t> StartResolverProgram(PacketChannel its_end);
  absl::Status Begin();
  void End();
  absl::Status Ask(const NameQuestion& question, size_t servers);
  absl::StatusOr<std::vector<SocketAddress>> Converse(const std::vector<SocketAddress>& servers,
                                                      uint32_t mark);
  absl::Status GiveSocket(const ResolverWish& wish, const std::vector<SocketAddress>& servers,
                          uint32_t mark);

  const Start start_;
  PacketChannel channel_;
  pid_t process_ = -1;
  uint32_t id_ = 0;  // of the latest question
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NAMES_RESOLVER_CLIENT_H_
