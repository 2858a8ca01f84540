#include "platform/app/command_line.h"
#include "platform/config/config_environment.h"

int main(int argc, char** argv) {
  // Takes keys out of the environment before there is a child to inherit them.
  ringwire::platform::ProcessEnvironment();
  return ringwire::platform::RunCommandLine(argc, argv);
}
