#include "core/enrol/messages.h"

#include "core/enrol/message_codec.h"

namespace ringwire::enrol {

template SecretBytes EncodeMessage(const PortalToRegistrar&);
template SecretBytes EncodeMessage(const RegistrarToPortal&);
template SecretBytes EncodeMessage(const RegistrarToSupervisor&);
template SecretBytes EncodeMessage(const SupervisorToRegistrar&);
template SecretBytes EncodeMessage(const SupervisorToPortal&);
template SecretBytes EncodeMessage(const PortalToSupervisor&);
template std::optional<PortalToRegistrar> DecodeMessage(std::string_view);
template std::optional<RegistrarToPortal> DecodeMessage(std::string_view);
template std::optional<RegistrarToSupervisor> DecodeMessage(std::string_view);
template std::optional<SupervisorToRegistrar> DecodeMessage(std::string_view);
template std::optional<SupervisorToPortal> DecodeMessage(std::string_view);
template std::optional<PortalToSupervisor> DecodeMessage(std::string_view);

}  // namespace ringwire::enrol
