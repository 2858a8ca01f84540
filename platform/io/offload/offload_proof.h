#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_OFFLOAD_PROOF_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_OFFLOAD_PROOF_H_

#include "platform/io/offload/capability_ladder.h"

// Tries offloads once, at start, on descriptors made for it. What does not work is refused in the
// ladder; what cannot be tried stays on, with a doubt. Multishot requests are tried with io_uring
// (ProbeIoUring).
namespace ringwire::platform {

// A train sent and received over loopback. Loopback may be down or shut off: that is a doubt.
void ProveUdpOffloads(CapabilityLadder* ladder);

// On a TUN device made for it: superpackets of TCP and UDP that the kernel is to hand over, and
// merged packets written whose last part is short (some kernels of 2024 refuse those). Returns
// whether merged UDP packets are taken too, from 6.2 on; `otherwise` is the answer when it cannot
// be tried.
bool ProveTunOffloads(CapabilityLadder* ladder, bool otherwise);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_OFFLOAD_PROOF_H_
