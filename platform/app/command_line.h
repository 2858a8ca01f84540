#ifndef RINGWIRE_PLATFORM_APP_COMMAND_LINE_H_
#define RINGWIRE_PLATFORM_APP_COMMAND_LINE_H_

namespace ringwire::platform {

// The whole program: parses the command line, runs the command, returns the exit code (0 success, 1
// failure, 2 usage).
int RunCommandLine(int argc, char** argv);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_COMMAND_LINE_H_
