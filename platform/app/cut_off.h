#ifndef RINGWIRE_PLATFORM_APP_CUT_OFF_H_
#define RINGWIRE_PLATFORM_APP_CUT_OFF_H_

#include <string>
#include <vector>

#include "platform/gateway/host/journal.h"

// A dead service may still keep traffic from leaving without its tunnel. A user then sees a host
// without network, so every command that meets this says what to do.
namespace ringwire::platform {

// Whether a step of this journal still blocks traffic.
bool BlocksTraffic(const Journal& journal);

// Why traffic is blocked and which commands end that; empty: nothing of this interface blocks it.
// Says "may" to a user who cannot read the journal. Changes nothing.
std::string CutOffBy(const std::string& interface);
// For all interfaces, each text with its interface's name in front.
std::vector<std::string> AllCutOff();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_CUT_OFF_H_
