#include "platform/portal/portal.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "core/base/status_macros.h"
#include "platform/base/clock.h"
#include "platform/base/message_of.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/portal/portal_limits.h"
#include "platform/tls/certificate.h"
#include "platform/tls/session_keys.h"
#include "platform/udp/control_messages.h"

namespace ringwire::platform {
namespace {

// Connections that one turn accepts before it serves the others.
constexpr int kAcceptsPerTurn = 32;

absl::StatusOr<std::shared_ptr<const Serving>> ServingBy(enrol::PortalSettings settings) {
  ASSIGN_OR_RETURN(const std::vector<Certificate> chain, ParseCertificates(settings.chain));
  auto serving = std::make_shared<Serving>();
  ASSIGN_OR_RETURN(serving->tls, TlsContext::ForServer({.chain = chain,
                                                        .server_names = settings.server_names,
                                                        .post_quantum = settings.post_quantum}));
  serving->settings = std::move(settings);
  return serving;
}

}  // namespace

Portal::Portal(UniqueFd supervisor) : supervisor_(std::move(supervisor)) {}

Portal::~Portal() = default;

absl::Status Portal::Run() {
  RETURN_IF_ERROR(poll_.Add(supervisor_.fd(), EPOLLIN, [this](uint32_t) {
    absl::Status taken = TakeFromSupervisor();
    if (!taken.ok()) ended_ = std::move(taken);
  }));
  while (ended_.ok()) {
    pollfd wait{poll_.fd(), POLLIN, 0};
    if (::poll(&wait, 1, PollTimeoutMs(BootNow())) < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "wait for clients");
    }
    RETURN_IF_ERROR(poll_.Wait(/*may_block=*/false));
    ExpireOverdue(BootNow());
  }
  return ended_;
}

absl::Status Portal::TakeFromSupervisor() {
  while (true) {
    ASSIGN_OR_RETURN(auto packet, supervisor_.TryReceive());
    if (!packet.has_value()) return absl::OkStatus();
    if (std::holds_alternative<enrol::NewRegistrar>(packet->message)) {
      if (packet->descriptors.size() != 1) {
        return absl::InvalidArgumentError("a registrar without its channel");
      }
      UseRegistrar(std::move(packet->descriptors.front()));
      continue;
    }
    const absl::Status applied = Apply(packet->descriptors);
    if (applied.ok()) {
      packet->descriptors.erase(packet->descriptors.begin());
      UseListeners(std::move(packet->descriptors));
    }
    RETURN_IF_ERROR(supervisor_.Send(enrol::Applied{MessageOf(applied)}));
  }
}

absl::Status Portal::Apply(const std::vector<UniqueFd>& descriptors) {
  if (descriptors.empty()) return absl::InvalidArgumentError("there are no settings");
  ASSIGN_OR_RETURN(const enrol::SecretBytes bytes, ReadSealedMemory(descriptors.front().get()));
  auto settings = enrol::DecodeFile<enrol::PortalSettings>(bytes.view());
  if (!settings.has_value()) return absl::InvalidArgumentError("the settings are malformed");
  ASSIGN_OR_RETURN(serving_, ServingBy(*std::move(settings)));
  return absl::OkStatus();
}

void Portal::UseListeners(std::vector<UniqueFd> listeners) {
  for (const UniqueFd& old : listeners_) poll_.Remove(old.get());
  listeners_ = std::move(listeners);
  for (const UniqueFd& listener : listeners_) {
    const int fd = listener.get();
    const absl::Status added = poll_.Add(fd, EPOLLIN, [this, fd](uint32_t) { AcceptFrom(fd); });
    if (!added.ok()) ended_ = added;
  }
}

void Portal::UseRegistrar(UniqueFd channel) {
  LoseRegistrar();
  registrar_ = PortalEndToRegistrar(std::move(channel));
  const absl::Status added =
      poll_.Add(registrar_.fd(), EPOLLIN, [this](uint32_t) { TakeFromRegistrar(); });
  if (!added.ok()) ended_ = added;
}

// Its open questions stay without an answer: logins are refused as busy, handshakes end.
void Portal::LoseRegistrar() {
  if (!registrar_.open()) return;
  poll_.Remove(registrar_.fd());
  registrar_.Close();
  for (const auto& [id, asked] : std::exchange(asked_, {})) {
    Answer(asked.connection, BusyAnswer(), /*shows_proof=*/false);
  }
}

void Portal::TakeFromRegistrar() {
  while (registrar_.open()) {
    const auto packet = registrar_.TryReceive();
    if (!packet.ok()) {
      LoseRegistrar();
      return;
    }
    if (!packet->has_value()) return;
    std::visit([this](const auto& message) { Take(message); }, (*packet)->message);
  }
}

void Portal::Take(const enrol::Signature& signature) {
  const auto asked = asked_.extract(signature.id);
  if (asked.empty()) return;
  const auto found = connections_.find(asked.mapped().connection);
  if (found == connections_.end()) return;
  found->second.connection->GiveSignature({signature.bytes.begin(), signature.bytes.end()});
  Advance(found->first);
}

void Portal::Take(const enrol::Verdict& verdict) {
  const auto node = asked_.extract(verdict.id);
  if (node.empty()) return;
  const Asked& asked = node.mapped();
  const bool granted = verdict.code == enrol::VerdictCode::kGranted;
  if (!granted || (!asked.is_end && !verdict.given.has_value()) || serving_ == nullptr) {
    Answer(asked.connection, RefusalAnswer(verdict), /*shows_proof=*/false);
  } else if (asked.is_end) {
    Answer(asked.connection, EndAnswer(), /*shows_proof=*/true);
  } else if (asked.is_login) {
    Answer(asked.connection, LoginAnswer(*verdict.given, serving_->settings), true);
  } else {
    Answer(asked.connection,
           RenewalAnswer(*verdict.given, serving_->settings, asked.known_revision), true);
  }
}

void Portal::AcceptFrom(int listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    SocketName name{};
    socklen_t size = sizeof(name);
    UniqueFd socket(::accept4(listener, &name.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      Serve(std::move(socket), Unmapped(FromSocketName(&name, size).address), BootNow());
      continue;
    }
    // Without a descriptor the listener would stay readable: somebody has to go.
    if ((errno != EMFILE && errno != ENFILE) || !MakeRoom()) return;
  }
}

void Portal::Serve(UniqueFd socket, const IpAddress& client, Instant now) {
  const IpAddress source = SourceOf(client);
  if (!client.IsSet() || serving_ == nullptr || !limits_.Admit(source, now)) return;
  const bool full = connections_.size() >= kConnectionsMax || strangers_.size() >= kStrangersMax;
  auto connection = full && !MakeRoom()
                        ? absl::ResourceExhaustedError("there is no room")
                        : PortalConnection::Make(std::move(socket), client, serving_, now);
  const uint64_t id = last_connection_ + 1;
  const auto on_event = [this, id](uint32_t events) { Notice(id, events); };
  if (!connection.ok() || !poll_.Add((*connection)->fd(), EPOLLIN, on_event).ok()) {
    limits_.Leave(source);
    return;
  }
  last_connection_ = id;
  const Instant deadline = (*connection)->deadline();
  connections_.emplace(id, Watched{*std::move(connection), deadline, EPOLLIN, true});
  strangers_.insert(id);
  deadlines_.emplace(deadline, id);
}

// The oldest stranger goes; without one, the client that has waited longest.
bool Portal::MakeRoom() {
  if (deadlines_.empty()) return false;
  End(strangers_.empty() ? deadlines_.begin()->second : *strangers_.begin());
  return true;
}

// epoll tells of a client that is gone again and again, also while its request is decided.
void Portal::Notice(uint64_t id, uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    End(id);
  } else {
    Advance(id);
  }
}

void Portal::Advance(uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Follow(id, found->second.connection->Advance(BootNow()));
}

void Portal::Follow(uint64_t id, PortalConnection::Wish wish) {
  using Wish = PortalConnection::Wish;
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  PortalConnection* const connection = found->second.connection.get();
  switch (wish) {
    case Wish::kEnd:
      End(id);
      return;
    case Wish::kSignature:
      Watch(id, *connection);
      Sign(id, connection);
      return;
    case Wish::kDecision:
      Watch(id, *connection);
      Decide(id, connection);
      return;
    case Wish::kNothing:
      Watch(id, *connection);
      return;
  }
}

void Portal::Sign(uint64_t id, PortalConnection* connection) {
  const TlsSigningRequest& asked = connection->session().to_sign();
  const uint32_t message = ++last_asked_;
  const bool sent = registrar_.open() &&
                    registrar_
                        .Send(enrol::Sign{.id = message,
                                          .certificate = connection->serving().settings.certificate,
                                          .algorithm = asked.algorithm,
                                          .input = {asked.input.begin(), asked.input.end()}})
                        .ok();
  if (!sent) {
    End(id);
    return;
  }
  asked_[message] = {.connection = id};
}

std::optional<enrol::PortalToRegistrar> Portal::MessageFor(const PortalConnection& connection,
                                                           Asked* asked) {
  const ApiRequest& request = connection.request();
  const uint32_t message = ++last_asked_;
  const auto key = [&](const crypto::PublicKey& client) {
    return PresharedKeyOf(connection.session(), client, connection.serving().settings.gateway_key);
  };
  if (const auto* const login = std::get_if<ApiLogin>(&request)) {
    const auto preshared = key(login->public_key);
    if (!preshared.ok()) return std::nullopt;
    asked->is_login = true;
    return enrol::Login{message,       connection.client(), login->public_key, *preshared,
                        login->device, login->user,         login->password};
  }
  if (const auto* const renewal = std::get_if<ApiRenewal>(&request)) {
    enrol::Renew renew{message, connection.client(), renewal->token, std::nullopt};
    if (renewal->rekey.has_value()) {
      const auto preshared = key(*renewal->rekey);
      if (!preshared.ok()) return std::nullopt;
      renew.preshared_key = *preshared;
    }
    asked->known_revision = renewal->revision;
    return renew;
  }
  asked->is_end = true;
  return enrol::End{message, std::get<ApiEnd>(request).token};
}

void Portal::Decide(uint64_t id, PortalConnection* connection) {
  if (std::holds_alternative<ApiDiscovery>(connection->request())) {
    const auto binding = ChannelBindingOf(connection->session());
    Answer(id, binding.ok() ? DiscoveryAnswer(*binding) : BusyAnswer(), /*shows_proof=*/false);
    return;
  }
  Asked asked{.connection = id};
  const bool can_ask = registrar_.open() && asked_.size() < kAskedMax;
  const auto message = can_ask ? MessageFor(*connection, &asked) : std::nullopt;
  if (!message.has_value() || !registrar_.Send(*message).ok()) {
    Answer(id, BusyAnswer(), /*shows_proof=*/false);
    return;
  }
  asked_[last_asked_] = asked;
}

void Portal::Answer(uint64_t id, const HttpResponse& response, bool shows_proof) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  PortalConnection* const connection = found->second.connection.get();
  if (!connection->session().established()) {
    End(id);  // it waited for a signature
    return;
  }
  if (!connection->waits_for_answer()) return;  // it was answered as overdue
  connection->Answer(response, shows_proof, BootNow());
  if (!connection->is_stranger() && std::exchange(found->second.is_stranger, false)) {
    strangers_.erase(id);
    limits_.Leave(SourceOf(connection->client()));
  }
  Advance(id);
}

void Portal::End(uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const Watched& watched = found->second;
  poll_.Remove(watched.connection->fd());
  deadlines_.erase({watched.deadline, id});
  if (watched.is_stranger) {
    strangers_.erase(id);
    limits_.Leave(SourceOf(watched.connection->client()));
  }
  connections_.erase(found);
}

void Portal::Watch(uint64_t id, const PortalConnection& connection) {
  Watched& watched = connections_.at(id);
  if (watched.deadline != connection.deadline()) {
    deadlines_.erase({watched.deadline, id});
    watched.deadline = connection.deadline();
    deadlines_.emplace(watched.deadline, id);
  }
  if (watched.events != connection.events()) {
    watched.events = connection.events();
    poll_.Change(connection.fd(), watched.events);
  }
}

void Portal::ExpireOverdue(Instant now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const uint64_t id = deadlines_.begin()->second;
    Follow(id, connections_.at(id).connection->Expire(now));
  }
}

int Portal::PollTimeoutMs(Instant now) const {
  if (deadlines_.empty()) return -1;
  const absl::Duration left = deadlines_.begin()->first - now;
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(left) + 1, 0, 60'000));
}

}  // namespace ringwire::platform
