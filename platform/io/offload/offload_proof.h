#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_OFFLOAD_PROOF_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_OFFLOAD_PROOF_H_

#include "platform/io/offload/capability_ladder.h"

// Tests offloads once, at start, on descriptors of its own. Refuses in the ladder those that do not
// work; one that cannot be tested stays on, with a doubt. ProbeIoUring tests multishot requests.
namespace ringwire::platform {

// Sends and receives a train over loopback. Loopback that is down or blocked is a doubt.
void ProveUdpOffloads(CapabilityLadder* ladder);

// On a TUN device of its own: reads superpackets of TCP and UDP from the kernel, and writes merged
// packets with a short last part (some kernels of 2024 refuse those). Returns whether the kernel
// also accepts merged UDP packets (from 6.2); `otherwise` if that cannot be tested.
bool ProveTunOffloads(CapabilityLadder* ladder, bool otherwise);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_OFFLOAD_PROOF_H_
