#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_SUPERPACKET_PROOF_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_SUPERPACKET_PROOF_H_

#include "core/wire/address.h"
#include "platform/io/offload/capability_ladder.h"
#include "platform/tun/tun_device.h"

// Superpackets between the kernel and a TUN device of ours, tried for real.
namespace ringwire::platform {

// Has the kernel send superpackets of TCP and UDP out by `device`, and reads what it hands over:
// whole, that proves the offload; in pieces, and it is refused in the ladder. Where the packets
// cannot be sent or do not come, that is a doubt.
void ProveSuperpacketReads(const TunDevice& device, CapabilityLadder* ladder);

// Writes one to the device, with a short last part. Whether the kernel took it; errno if not. The
// host drops it at once.
bool WriteSuperpacket(const TunDevice& device, bool tcp);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_SUPERPACKET_PROOF_H_
