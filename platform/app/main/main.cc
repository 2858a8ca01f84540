#include "platform/app/command_line.h"

int main(int argc, char** argv) { return ringwire::platform::RunCommandLine(argc, argv); }
