#ifndef RINGWIRE_PLATFORM_PORTAL_PORTAL_H_
#define RINGWIRE_PLATFORM_PORTAL_PORTAL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "core/base/instant.h"
#include "platform/base/event_poll.h"
#include "platform/base/unique_fd.h"
#include "platform/enrol/message_channel.h"
#include "platform/portal/portal_connection.h"
#include "platform/portal/source_limits.h"

namespace ringwire::platform {

// Serves the HTTP API by TLS on listeners that the supervisor has made. The registrar signs
// handshakes and decides on requests; without one they are refused as busy. Thread-compatible.
class Portal {
 public:
  explicit Portal(UniqueFd supervisor);
  ~Portal();
  Portal(const Portal&) = delete;
  Portal& operator=(const Portal&) = delete;

  // Until the supervisor is gone: NotFound. Another error: it cannot go on.
  absl::Status Run();

 private:
  // A question to the registrar. Its connection may have ended.
  struct Asked {
    uint64_t connection = 0;
    bool is_login = false;
    bool is_end = false;
    uint32_t known_revision = 0;
  };

  absl::Status TakeFromSupervisor();
  absl::Status Apply(const std::vector<UniqueFd>& descriptors);
  void UseListeners(std::vector<UniqueFd> listeners);
  void UseRegistrar(UniqueFd channel);
  void LoseRegistrar();
  void TakeFromRegistrar();
  void Take(const enrol::Signature& signature);
  void Take(const enrol::Verdict& verdict);

  void AcceptFrom(int listener);
  void Serve(UniqueFd socket, const IpAddress& client, Instant now);
  bool MakeRoom();
  void Notice(uint64_t id, uint32_t events);
  // Goes on with a connection as far as possible, and watches it for what it waits for.
  void Advance(uint64_t id);
  void Follow(uint64_t id, PortalConnection::Wish wish);
  void Sign(uint64_t id, PortalConnection* connection);
  void Decide(uint64_t id, PortalConnection* connection);
  // The message to the registrar; absent: the session cannot export its keys.
  std::optional<enrol::PortalToRegistrar> MessageFor(const PortalConnection& connection,
                                                     Asked* asked);
  void Answer(uint64_t id, const HttpResponse& response, bool shows_proof);
  void End(uint64_t id);
  void Watch(uint64_t id, const PortalConnection& connection);
  void ExpireOverdue(Instant now);
  int PollTimeoutMs(Instant now) const;

  struct Watched {
    std::unique_ptr<PortalConnection> connection;
    Instant deadline;     // as in deadlines_
    uint32_t events = 0;  // as in poll_
    bool is_stranger = true;
  };

  PortalEndToSupervisor supervisor_;
  PortalEndToRegistrar registrar_;
  EventPoll poll_;
  absl::Status ended_;  // why the supervisor's channel is of no use any more
  std::vector<UniqueFd> listeners_;
  std::shared_ptr<const Serving> serving_;
  absl::flat_hash_map<uint64_t, Watched> connections_;
  std::set<uint64_t> strangers_;  // the oldest first
  std::set<std::pair<Instant, uint64_t>> deadlines_;
  SourceLimits limits_;
  absl::flat_hash_map<uint32_t, Asked> asked_;
  uint64_t last_connection_ = 0;
  uint32_t last_asked_ = 0;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PORTAL_PORTAL_H_
