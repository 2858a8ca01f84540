#ifndef RINGWIRE_TESTS_SUPPORT_UAPI_ANSWER_H_
#define RINGWIRE_TESTS_SUPPORT_UAPI_ANSWER_H_

#include <string>

#include "core/config/uapi.h"
#include "core/device/device_update.h"

namespace ringwire {

// The answer to `get` in one piece.
inline std::string WholeAnswer(const DeviceStatus& status) {
  UapiGetWriter writer(status);
  std::string text;
  while (writer.Next(&text, 65536)) {
  }
  return text;
}

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_UAPI_ANSWER_H_
