#include "platform/gateway/plan/dns_calls.h"

#include "platform/base/shell_text.h"

namespace ringwire::platform {
namespace {

std::vector<std::string> Joined(std::vector<std::string> words,
                                const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> ResolvConfLines(const action::SetDns& dns) {
  std::vector<std::string> lines;
  for (const std::string& server : dns.servers) lines.push_back("nameserver " + server);
  if (dns.search.empty()) return lines;
  std::string search = "search";
  for (const std::string& domain : dns.search) search += " " + domain;
  lines.push_back(std::move(search));
  return lines;
}

}  // namespace

std::vector<ProgramCall> CallsOf(const action::SetDns& dns) {
  if (dns.program == DnsProgram::kResolvconf) {
    return {{"resolvconf", {"-a", dns.record, "-m", "0", "-x"}, ResolvConfLines(dns)}};
  }
  std::vector<std::string> domains = Joined({"domain", dns.record}, dns.search);
  domains.emplace_back("~.");  // all other names too
  return {{"resolvectl", Joined({"dns", dns.record}, dns.servers), {}},
          {"resolvectl", std::move(domains), {}}};
}

std::vector<ProgramCall> CallsOf(const action::RevertDns& dns) {
  if (dns.program == DnsProgram::kResolvconf) {
    return {{"resolvconf", {"-d", dns.record, "-f"}, {}}};
  }
  return {{"resolvectl", {"revert", dns.record}, {}}};
}

std::string ShellCommand(const ProgramCall& call) {
  std::string text;
  if (!call.input.empty()) {
    text = "printf '%s\\n'";
    for (const std::string& line : call.input) text += " " + ShellQuoted(line);
    text += " | ";
  }
  text += ShellWord(call.program);
  for (const std::string& argument : call.arguments) text += " " + ShellWord(argument);
  return text;
}

std::string ShellCommands(const std::vector<ProgramCall>& calls) {
  std::string text;
  for (const ProgramCall& call : calls) text += (text.empty() ? "" : "\n") + ShellCommand(call);
  return text;
}

std::string InputOf(const ProgramCall& call) {
  std::string input;
  for (const std::string& line : call.input) input += line + "\n";
  return input;
}

}  // namespace ringwire::platform
