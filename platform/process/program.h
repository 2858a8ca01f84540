#ifndef RINGWIRE_PLATFORM_PROCESS_PROGRAM_H_
#define RINGWIRE_PLATFORM_PROCESS_PROGRAM_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace ringwire::platform {

// Finds a program of that name in the system's folders, never through the caller's PATH.
std::optional<std::string> FindProgram(std::string_view name);

// The descriptors to which a program prints, owned by the caller; -1: those of this process.
struct ProgramOutput {
  int standard = -1;
  int error = -1;
};

// Work to do while a program runs: `serve` is called whenever `fd` is readable, until it returns
// false. None if `fd` is -1.
struct Meanwhile {
  int fd = -1;
  std::function<bool()> serve = {};
};

struct ProgramSettings {
  std::string_view input = {};  // the program's standard input; must live until the call returns
  std::string variable = {};    // a NAME=VALUE for its environment, unless empty
  ProgramOutput output = {};    // not for AskProgram, which reads both
  Meanwhile meanwhile = {};
  // The program is ended after this time.
  absl::Duration time_max = absl::InfiniteDuration();
  // The kernel kills the program when the calling thread dies.
  bool dies_with_caller = false;
  // SIGTERM and SIGINT to this process end the program, if this process blocks them (a service
  // does). Otherwise the signal waits until the program has ended.
  bool ends_on_signal = true;
};

// Runs a program to its end, in a process group of its own, with no signal blocked and an
// environment of PATH, HOME and `variable`. `arguments` begins with the program's absolute path.
// Blocks the calling thread; any thread may call it. Error: how the program ended.
absl::Status RunProgram(const std::vector<std::string>& arguments,
                        const ProgramSettings& settings = {});

struct ProgramAnswer {
  absl::Status status;  // as RunProgram; ResourceExhausted: it printed more than `output_max`
  std::string output;   // at most `output_max` bytes
  std::string error;    // the beginning of its standard error
};
// Like RunProgram, and returns the program's output. Ends the program if it prints more than
// `output_max` bytes.
ProgramAnswer AskProgram(const std::vector<std::string>& arguments, const ProgramSettings& settings,
                         size_t output_max);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_PROGRAM_H_
