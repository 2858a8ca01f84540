#include "platform/gateway/plan/sysctl_setting.h"

#include "platform/base/shell_text.h"

namespace ringwire::platform {

std::string SysctlFile(std::string_view path) { return "/proc/sys/" + std::string(path); }

std::string SysctlDotted(std::string_view path) {
  std::string dotted(path);
  for (char& c : dotted) {
    if (c == '/' || c == '.') c = c == '/' ? '.' : '/';
  }
  return dotted;
}

std::string SysctlCommand(const action::SetSysctl& setting) {
  return "sysctl -w " + ShellWord(setting.path + "=" + setting.value);
}

}  // namespace ringwire::platform
