#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/check.h"
#include "core/enrol/message_files.h"
#include "core/enrol/messages.h"

// Any bytes from a process of enrolment that was taken over: what is accepted is within its bounds
// and is the only encoding of itself. The first byte chooses the set.
namespace ringwire::enrol {
namespace {

template <typename Set>
void CheckMessage(std::string_view bytes) {
  const std::optional<Set> message = DecodeMessage<Set>(bytes);
  if (message.has_value()) CHECK(EncodeMessage(*message).view() == bytes);
}

template <typename File>
void CheckFile(std::string_view bytes) {
  const std::optional<File> file = DecodeFile<File>(bytes);
  if (file.has_value()) CHECK(EncodeFile(*file).view() == bytes);
}

void CheckSet(uint8_t set, std::string_view bytes) {
  switch (set % 11) {
    case 0:
      return CheckMessage<PortalToRegistrar>(bytes);
    case 1:
      return CheckMessage<RegistrarToPortal>(bytes);
    case 2:
      return CheckMessage<RegistrarToSupervisor>(bytes);
    case 3:
      return CheckMessage<SupervisorToRegistrar>(bytes);
    case 4:
      return CheckMessage<SupervisorToPortal>(bytes);
    case 5:
      return CheckMessage<PortalToSupervisor>(bytes);
    case 6:
      return CheckFile<PortalSettings>(bytes);
    case 7:
      return CheckFile<RegistrarSettings>(bytes);
    case 8:
      return CheckFile<KeyTable>(bytes);
    case 9:
      return CheckFile<UserTable>(bytes);
    case 10:
      return CheckFile<LeaseTable>(bytes);
  }
}

}  // namespace
}  // namespace ringwire::enrol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ringwire::enrol::CheckSet(data[0], bytes.substr(1));
  return 0;
}
