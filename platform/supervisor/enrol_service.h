#ifndef RINGWIRE_PLATFORM_SUPERVISOR_ENROL_SERVICE_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_ENROL_SERVICE_H_

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/instant.h"
#include "core/config/config_file.h"
#include "core/enrol/message_files.h"
#include "core/enrol/messages.h"
#include "crypto/secret.h"
#include "platform/base/event_poll.h"
#include "platform/base/unique_fd.h"
#include "platform/control/sockets/admin_requests.h"
#include "platform/enrol/message_channel.h"
#include "platform/supervisor/enrol_files.h"
#include "platform/supervisor/enrol_grants.h"
#include "platform/supervisor/restarted_process.h"
#include "platform/supervisor/supervised_relay.h"

namespace ringwire::platform {

// [Enrol] of one interface: its listeners, its registrar and its portals, and the only one who lets
// peers with leases into the relay. A process that dies or breaks the rules is started again. The
// tunnel never depends on it: what fails here is logged. Nothing runs without the section.
// Thread-compatible.
class EnrolService {
 public:
  EnrolService(std::string interface, std::string config_path, SupervisedRelay* relay);
  ~EnrolService();
  EnrolService(const EnrolService&) = delete;
  EnrolService& operator=(const EnrolService&) = delete;

  // Runs as this configuration says from now on. An error: as before.
  absl::Status Follow(const ConfigFile& config, const crypto::PublicKey& gateway_key, uint16_t mtu);
  // The relay is another process, which has no leases yet.
  void GrantAgain();
  // Ends every process; the relay's leases stay until it ends.
  void End();

  // Readable: Serve() has something to do.
  int fd() const { return poll_.fd(); }
  void Serve();
  Instant look_at() const;
  void Look();

  // Of the admin socket.
  void List(AdminAnswer answer);
  void Revoke(const std::string& user, const std::optional<crypto::PublicKey>& device,
              AdminAnswer answer);

 private:
  struct Portal {
    RestartedProcess process;
    SupervisorEndToPortal channel;
  };
  struct InUse {
    ConfigFile config;  // without keys
    crypto::PublicKey gateway_key{};
    uint16_t mtu = 0;
    EnrolFiles files;
    std::string stamp;
    uint32_t certificate = 0;
  };
  struct Request {
    enrol::Admin admin;
    AdminAnswer answer;
  };

  absl::Status OpenListeners(const ConfigFile& config);
  void StartRegistrar();
  absl::Status ConnectRegistrar();
  void TellRegistrar();  // everything
  absl::Status SendFile(enrol::SupervisorToRegistrar message, const enrol::SecretBytes& file);
  void TakeFromRegistrar();
  void Take(const enrol::Grant& grant);
  void Take(const enrol::Revoke& revoke);
  void Take(const enrol::AdminDone& done, const std::vector<UniqueFd>& descriptors);
  void Take(const enrol::Applied& applied);
  std::string EndRegistrar();  // how it ended, for people
  void RegistrarFailed(const std::string& why);
  void RemoveLeases(const std::vector<crypto::PublicKey>& keys);

  void StartPortals();
  void StartPortal(Portal* portal);
  absl::Status ConnectPortal(Portal* portal);
  absl::Status TellPortal(Portal* portal);
  absl::Status JoinToRegistrar(Portal* portal);
  void TakeFromPortal(Portal* portal);
  void PortalFailed(Portal* portal, const std::string& why);
  void Ask(enrol::Admin admin, AdminAnswer answer);
  void LookAtFiles();

  const std::string interface_;
  const std::string config_path_;
  SupervisedRelay& relay_;
  EventPoll poll_;
  std::optional<InUse> in_use_;
  std::vector<SocketAddress> listening_on_;
  std::vector<UniqueFd> listeners_;
  RestartedProcess registrar_process_;
  SupervisorEndToRegistrar registrar_;
  int answers_left_ = 0;  // Applied messages until the registrar is ready
  std::list<Portal> portals_;
  EnrolGrants grants_;
  std::map<uint32_t, Request> requests_;
  uint32_t last_request_ = 0;
  Instant look_at_files_ = Instant::InfiniteFuture();
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_ENROL_SERVICE_H_
