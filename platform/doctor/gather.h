#ifndef RINGWIRE_PLATFORM_DOCTOR_GATHER_H_
#define RINGWIRE_PLATFORM_DOCTOR_GATHER_H_

#include <optional>
#include <string>

#include "platform/doctor/facts.h"

// Reads what the judgement needs from this host. Nothing of it lasts: the tests of io_uring and of
// the offloads make short-lived TUN devices, as each start does. Blocks, for names of endpoints for
// as long as the name servers take. Call on one thread.
namespace ringwire::platform {

DoctorFacts GatherDoctorFacts();

// `argument`: of LoadConfig. Sets `host->path_mtu` to that of the way to the file's endpoints.
TunnelFacts GatherTunnelFacts(const std::string& argument, DoctorFacts* host);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_DOCTOR_GATHER_H_
