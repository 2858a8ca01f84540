#ifndef RINGWIRE_CORE_CONFIG_LIVE_PEERS_H_
#define RINGWIRE_CORE_CONFIG_LIVE_PEERS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "core/config/named_values.h"
#include "crypto/secret.h"

// Peers that were added to a running device, or taken off it, beside its configuration file. Pure.
namespace ringwire {

// One warning for each peer, "peer KEY SAYS", and one that counts the rest where there are many.
// The whole key is given: the warning may be the only place that still has it.
void WarnOfPeers(std::span<const crypto::PublicKey> peers, std::string_view says,
                 std::vector<std::string>* warnings);

// What a reload of `wanted` undoes of the changes that were made to the running device: peers that
// were added to it go, peers that were removed come back. `on_device`: its peers now; `loaded`: by
// the file that is in force.
std::vector<std::string> WarningsOfLivePeers(std::span<const crypto::PublicKey> on_device,
                                             const NamedValues& loaded, const ConfigFile& wanted);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_LIVE_PEERS_H_
