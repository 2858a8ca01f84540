#ifndef RINGWIRE_PLATFORM_APP_SETUP_QUESTIONS_H_
#define RINGWIRE_PLATFORM_APP_SETUP_QUESTIONS_H_

#include <array>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/config/first_gateway.h"

// The questions of `ringwire setup`. Pure.
namespace ringwire::platform {

struct SetupQuestion {
  std::string_view option;  // that answers it on the command line, without dashes
  std::string_view text;
  // The answer that `gateway` has.
  std::string (*present)(const FirstGateway& gateway);
  // Puts an answer into `gateway`. The error says what is wrong; then nothing changes.
  absl::Status (*take)(std::string_view answer, FirstGateway* gateway);
};

inline constexpr size_t kSetupQuestionCount = 4;
extern const std::array<SetupQuestion, kSetupQuestionCount> kSetupQuestions;

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_SETUP_QUESTIONS_H_
