#ifndef RINGWIRE_PLATFORM_GATEWAY_PROGRAM_H_
#define RINGWIRE_PLATFORM_GATEWAY_PROGRAM_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace ringwire::platform {

// Where a program of that name is, among the folders of the system; never in the caller's PATH.
std::optional<std::string> FindProgram(std::string_view name);

// Where a program prints, as descriptors of the caller's; -1: where this process does.
struct ProgramOutput {
  int standard = -1;
  int error = -1;
};

// Runs a program to its end, with `input` to read, no signal blocked and an environment of its own
// (PATH, HOME, and `variable`, a NAME=VALUE, unless it is empty). `arguments` begins with the
// program's path. Error: how it ended.
absl::Status RunProgram(const std::vector<std::string>& arguments, std::string_view input = {},
                        const std::string& variable = {}, const ProgramOutput& output = {});

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PROGRAM_H_
