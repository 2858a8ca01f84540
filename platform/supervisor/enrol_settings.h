#ifndef RINGWIRE_PLATFORM_SUPERVISOR_ENROL_SETTINGS_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_ENROL_SETTINGS_H_

#include <cstdint>
#include <vector>

#include "core/config/config_file.h"
#include "core/enrol/message_files.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

// What [Enrol] and its defaults mean for the processes of enrolment. Each function takes a
// configuration with that section. Pure.
namespace ringwire::platform {

std::vector<SocketAddress> EnrolListeners(const ConfigFile& config);

// The networks that leases come from, and what is in them but not for leases: this gateway's
// addresses and those of [Peer]s.
std::vector<Prefix> EnrolPool(const ConfigFile& config);
std::vector<Prefix> EnrolReserved(const ConfigFile& config);

enrol::RegistrarSettings RegistrarSettingsOf(const ConfigFile& config,
                                             const crypto::PublicKey& gateway_key);

// `mtu`: the interface's.
enrol::PushedSettings PushedSettingsOf(const ConfigFile& config, uint16_t mtu);
// Another number for other settings.
uint32_t RevisionOf(const enrol::PushedSettings& pushed);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_ENROL_SETTINGS_H_
