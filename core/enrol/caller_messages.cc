#include "core/enrol/caller_messages.h"

#include "core/enrol/message_codec.h"

namespace ringwire::enrol {

template SecretBytes EncodeMessage(const SupervisorToCaller&);
template SecretBytes EncodeMessage(const CallerToSupervisor&);
template std::optional<SupervisorToCaller> DecodeMessage(std::string_view);
template std::optional<CallerToSupervisor> DecodeMessage(std::string_view);

}  // namespace ringwire::enrol
