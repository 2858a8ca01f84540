#ifndef RINGWIRE_BENCH_LOAD_COMMANDS_H_
#define RINGWIRE_BENCH_LOAD_COMMANDS_H_

#include <netinet/in.h>

#include <cstdint>
#include <string>

#include "core/wire/address.h"
#include "crypto/secret.h"

// The commands of wire_load. Each prints one line of JSON, and `keys` one public key a line.
namespace ringwire::bench {

struct LoadOptions {
  std::string kind;            // of a flood
  sockaddr_in to{};            // the server's endpoint
  sockaddr_in aim{};           // of a flood, if it is not the server
  crypto::PublicKey server{};  // its public key
  uint32_t first = 0;          // the number of the first client; of a flood: of the hostile peer
  uint32_t count = 1;          // of clients
  double rate = 0;             // per second; 0: as fast as possible
  double seconds = 1;
  uint32_t window = 100;     // initiations that wait for an answer at once, without a rate
  double patience = 6.5;     // seconds until a client counts as not served
  uint32_t sources = 0;      // client n sends from the address sources + n; 0: from the host's own
  bool confirm = false;      // clients confirm their sessions
  IpAddress inner_source{};  // of a hostile peer's packets
  IpAddress inner_target{};
};

int PrintKeys(const LoadOptions& options);
int MeasureX25519(const LoadOptions& options);
int RunHandshakes(const LoadOptions& options);
int RunFlood(const LoadOptions& options);

}  // namespace ringwire::bench

#endif  // RINGWIRE_BENCH_LOAD_COMMANDS_H_
