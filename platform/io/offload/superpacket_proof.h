#ifndef RINGWIRE_PLATFORM_IO_OFFLOAD_SUPERPACKET_PROOF_H_
#define RINGWIRE_PLATFORM_IO_OFFLOAD_SUPERPACKET_PROOF_H_

#include "core/wire/address.h"
#include "platform/io/offload/capability_ladder.h"
#include "platform/tun/tun_device.h"

// Tests superpackets between the kernel and a TUN device of our own.
namespace ringwire::platform {

// Makes the kernel send superpackets of TCP and UDP through `device`, and reads them. Whole ones
// prove the offload; pieces refuse it in the ladder. If the packets cannot be sent or do not
// arrive, that is a doubt.
void ProveSuperpacketReads(const TunDevice& device, CapabilityLadder* ladder);

// Writes one to the device, with a short last part. Returns whether the kernel accepted it; errno
// if not. The host drops it at once.
bool WriteSuperpacket(const TunDevice& device, bool tcp);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_IO_OFFLOAD_SUPERPACKET_PROOF_H_
