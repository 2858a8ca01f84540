#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_TLS_SESSION_PAIR_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_TLS_SESSION_PAIR_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/tls/signing_key.h"
#include "platform/tls/tls_session.h"
#include "tests/unit/platform/tls/test_certificate.h"

namespace ringwire::platform {

// Moves at most `chunk` bytes from one session to the other.
inline size_t MoveBytes(TlsSession* from, TlsSession* to, size_t chunk = size_t{1} << 20) {
  const std::span<uint8_t> space = to->incoming().Space();
  const std::span<const uint8_t> data = from->outgoing().data();
  const size_t size = std::min({data.size(), space.size(), chunk});
  std::copy_n(data.begin(), size, space.begin());
  to->incoming().Append(size);
  from->outgoing().Consume(size);
  return size;
}

// A client and a server that talk in memory. The server's key signs in the test, as the registrar
// does for a portal.
class SessionPair {
 public:
  SessionPair(const TestIdentity& ca, const TestIdentity& server_identity,
              PostQuantum of_client = PostQuantum::kAuto,
              PostQuantum of_server = PostQuantum::kAuto)
      : SessionPair(server_identity,
                    {{"vpn.example.net", TrustAnchors::FromPem(ca.CertificatePem()).value(), {}},
                     of_client},
                    of_server) {}
  SessionPair(const TestIdentity& server_identity, TlsClientOptions options,
              PostQuantum of_server = PostQuantum::kAuto)
      : key(SigningKey::FromPem(server_identity.KeyPem()).value()) {
    const std::vector<Certificate> chain = ChainOf({&server_identity});
    server = TlsSession::Make(
                 TlsContext::ForServer({chain, {"vpn.example.net"}, of_server}).value(), kTestNow)
                 .value();
    client = TlsSession::Make(TlsContext::ForClient(std::move(options)).value(), kTestNow).value();
  }

  // Until neither side moves any more.
  void Shake(size_t chunk = size_t{1} << 20) {
    for (int still = 0; still < 2;) {
      client_step = client->Handshake();
      size_t moved = MoveBytes(client.get(), server.get(), chunk);
      server_step = server->Handshake();
      if (server_step == TlsStep::kSignature) {
        ++signatures;
        server->GiveSignature(refuse_to_sign ? std::vector<uint8_t>{} : Sign());
        moved += 1;
      }
      moved += MoveBytes(server.get(), client.get(), chunk);
      still = moved > 0 ? 0 : still + 1;
    }
  }
  bool established() const { return client->established() && server->established(); }

  SigningKey key;
  std::unique_ptr<TlsSession> server;
  std::unique_ptr<TlsSession> client;
  TlsStep server_step = TlsStep::kInput;
  TlsStep client_step = TlsStep::kInput;
  int signatures = 0;
  bool refuse_to_sign = false;

 private:
  std::vector<uint8_t> Sign() const {
    return key.SignServerHandshake(server->to_sign().algorithm, server->to_sign().input).value();
  }
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_TLS_SESSION_PAIR_H_
