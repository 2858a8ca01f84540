#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_DNS_CALLS_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_DNS_CALLS_H_

#include <string>
#include <vector>

#include "platform/gateway/plan/action.h"

// The programs that change the host's name servers, as data: a dry run prints the calls, and Host
// makes the same ones. Pure.
namespace ringwire::platform {

struct ProgramCall {
  std::string program;  // its name, for FindProgram
  std::vector<std::string> arguments;
  std::vector<std::string> input;  // lines that it reads
  friend bool operator==(const ProgramCall&, const ProgramCall&) = default;
};

// One after the other; none after one that fails.
std::vector<ProgramCall> CallsOf(const action::SetDns& dns);
std::vector<ProgramCall> CallsOf(const action::RevertDns& dns);

// For a POSIX shell.
std::string ShellCommand(const ProgramCall& call);
// One a line.
std::string ShellCommands(const std::vector<ProgramCall>& calls);
// What the program reads.
std::string InputOf(const ProgramCall& call);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_DNS_CALLS_H_
