#include "core/base/drop_reason.h"

namespace ringwire {

std::string_view DropReasonName(DropReason reason) {
  switch (reason) {
#define RINGWIRE_DROP_NAME(name, text) \
  case DropReason::name:               \
    return text;
    RINGWIRE_DROP_REASONS(RINGWIRE_DROP_NAME)
#undef RINGWIRE_DROP_NAME
  }
  return "unknown";
}

}  // namespace ringwire
