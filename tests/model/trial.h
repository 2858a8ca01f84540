#ifndef RINGWIRE_TESTS_MODEL_TRIAL_H_
#define RINGWIRE_TESTS_MODEL_TRIAL_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/seeded_random.h"

namespace ringwire::model {

// One thing that happens. Its numbers hold all that is random about it, so that a list without some
// of its operations is still a meaningful list.
struct Operation {
  enum class Kind : uint8_t {
    kAdvance,      // `a` milliseconds
    kLocalPacket,  // to `peer`
    kInitiate,     // the far end; `a` odd: with an old timestamp
    kRespond,      // to the gateway's last initiation
    kCookie,       // likewise with a cookie
    kData,         // under the far end's latest session, or an older one by `a`
    kKeepalive,
    kReplay,  // one of its messages so far, by `a`
    kRoam,    // the far end's address becomes number `a`
    kGarbage,
    kAddPeer,
    kRemovePeer,
    kSetPsk,  // both ends; `a` odd: the gateway only
    kSetEndpoint,
    kSetKeepalive,
    kLink,  // up or down
  };
  Kind kind = Kind::kAdvance;
  int peer = 1;
  uint32_t a = 0;
};
std::string ToText(const Operation& operation);

// A list that begins with peers that are known to each other.
std::vector<Operation> RandomOperations(uint64_t seed, size_t count);

struct TrialResult {
  std::string violation;  // empty: model and gateway agree
  size_t operations = 0;  // until the violation
  std::map<std::string, int> coverage;
};
// Runs the list against a gateway (the real core, in virtual time) and the model.
TrialResult RunTrial(uint64_t seed, const std::vector<Operation>& operations);

// The shortest list found that still fails: leaves out ever smaller parts.
std::vector<Operation> Shrink(uint64_t seed, std::vector<Operation> operations);

}  // namespace ringwire::model

#endif  // RINGWIRE_TESTS_MODEL_TRIAL_H_
