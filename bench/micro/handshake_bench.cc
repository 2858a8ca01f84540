// The cost of a handshake for the control thread: a responder that consumes an initiation and
// creates the response, and an initiator's two halves.

#include <benchmark/benchmark.h>

#include "core/noise/handshake.h"
#include "crypto/x25519.h"

namespace ringwire {
namespace {

struct Sides {
  crypto::SystemRandom random;
  LocalIdentity initiator = LocalIdentity::From(crypto::GeneratePrivateKey(random));
  LocalIdentity responder = LocalIdentity::From(crypto::GeneratePrivateKey(random));
  RemoteIdentity to_responder = Remote(responder);
  RemoteIdentity to_initiator = Remote(initiator);

  static RemoteIdentity Remote(const LocalIdentity& identity) {
    RemoteIdentity remote;
    remote.public_key = identity.public_key;
    return remote;
  }
  bool computed = to_responder.Compute(initiator) && to_initiator.Compute(responder);
};

void BM_InitiationConsumedAndAnswered(benchmark::State& state) {
  Sides sides;
  PendingInitiation pending;
  const auto message =
      CreateInitiation(sides.initiator, sides.to_responder, 1, Tai64n(), sides.random, &pending);
  for (auto _ : state) {
    OpenedInitiation opened;
    if (OpenInitiationStatic(sides.responder, *message, &opened) ||
        OpenInitiationTimestamp(sides.to_initiator, *message, &opened)) {
      state.SkipWithError("the initiation was refused");
      break;
    }
    benchmark::DoNotOptimize(CreateResponse(sides.to_initiator, opened, 2, sides.random));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_InitiationConsumedAndAnswered);

void BM_InitiationCreated(benchmark::State& state) {
  Sides sides;
  PendingInitiation pending;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        CreateInitiation(sides.initiator, sides.to_responder, 1, Tai64n(), sides.random, &pending));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_InitiationCreated);

}  // namespace
}  // namespace ringwire
