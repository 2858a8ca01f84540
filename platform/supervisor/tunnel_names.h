#ifndef RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_NAMES_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_NAMES_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/secret.h"
#include "platform/names/endpoint_names.h"
#include "platform/names/endpoint_resolver.h"
#include "platform/names/name_cache.h"
#include "platform/supervisor/in_force.h"

namespace ringwire::platform {

// The names of a tunnel's endpoints: how they are looked up beside the tunnel's own routes and kill
// switch, and their last known addresses, in a file for the next process. All calls on one thread;
// the resolver has another one.
class TunnelNames {
 public:
  // How long the start waits: a packet that comes before its endpoint is lost, but no service waits
  // long for a resolver that is out of reach.
  static constexpr absl::Duration kStartPatience = absl::Seconds(5);

  // `known_names_path`: the file.
  TunnelNames(std::string interface, std::string known_names_path);
  TunnelNames(std::string interface, std::string known_names_path, NameCache::Ask ask);

  // Reads the known addresses and the name servers, which the tunnel may replace. Once, before
  // Up().
  void Load();
  // Looks names up as the plan in force needs it. `switch_in_force`: no query may leave.
  void SetRules(const InForce& in_force, bool switch_in_force);
  // Looks the names of this configuration up, from now on. `path` is for messages. Starts a thread.
  absl::Status Follow(const ConfigFile& config, const std::string& path);
  // Waits until every name was looked up, at most kStartPatience. False: an end signal came first.
  bool WaitForAll(const ConfigFile& config);
  std::vector<std::optional<SocketAddress>> EndpointsOf(const ConfigFile& config) const {
    return names_.EndpointsOf(config);
  }
  void Doubt(std::span<const crypto::PublicKey> peers) { names_.Doubt(peers); }

  int fd() const { return resolver_.fd(); }  // readable: TakeAnswers() has something to do
  void TakeAnswers(const EndpointNames::Move& move) { names_.TakeAnswers(move); }

  // Saves the known addresses, for a process that must not ask.
  void Save(const Plan& plan);
  // Removes the file: nothing blocks queries any more.
  void RemoveSaved();

 private:
  void WarnOfUnknown(const ConfigFile& config) const;

  const std::string interface_;
  const std::string path_;
  const std::shared_ptr<NameCache> source_;
  EndpointResolver resolver_;
  EndpointNames names_{&resolver_};
  std::string servers_;  // as before the tunnel's own
  KnownNames saved_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_TUNNEL_NAMES_H_
