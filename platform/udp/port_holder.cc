#include "platform/udp/port_holder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/ascii.h"

namespace ringwire::platform {
namespace {

constexpr size_t kCommandBytesMax = 80;

// Adds the sockets of that port as /proc/PID/fd names them: socket:[INODE].
void AddSockets(const char* table, uint16_t port, std::set<std::string>* sockets) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string slot, local, inode;
    fields >> slot >> local;
    for (int i = 0; i < 8 && fields >> inode; ++i) {
    }  // the tenth field
    const size_t colon = local.find(':');
    if (colon == std::string::npos) continue;
    const char* const begin = local.data() + colon + 1;
    uint16_t its_port = 0;
    std::from_chars(begin, local.data() + local.size(), its_port, 16);
    if (its_port == port) sockets->insert(absl::StrCat("socket:[", inode, "]"));
  }
}

bool IsNumber(std::string_view text) { return !text.empty() && std::ranges::all_of(text, IsDigit); }

bool HasOneOf(const std::filesystem::path& process, const std::set<std::string>& sockets) {
  std::error_code error;
  std::filesystem::directory_iterator descriptors(process / "fd", error);
  for (; !error && descriptors != std::filesystem::directory_iterator();
       descriptors.increment(error)) {
    std::error_code gone;
    const std::filesystem::path target = std::filesystem::read_symlink(descriptors->path(), gone);
    if (!gone && sockets.contains(target.string())) return true;
  }
  return false;
}

// The command line, printable and not too long.
std::string CommandOf(const std::filesystem::path& process) {
  std::ifstream file(process / "cmdline");
  std::string text;
  std::getline(file, text);
  while (text.ends_with('\0')) text.pop_back();
  for (char& c : text) {
    if (c == '\0') c = ' ';
    if (IsControl(c) || static_cast<uint8_t>(c) > 127) c = '?';
  }
  if (text.size() > kCommandBytesMax) text = text.substr(0, kCommandBytesMax) + "...";
  return text;
}

}  // namespace

std::string HolderOfUdpPort(uint16_t port) {
  std::set<std::string> sockets;
  for (const char* const table : {"/proc/net/udp", "/proc/net/udp6"}) {
    AddSockets(table, port, &sockets);
  }
  if (sockets.empty()) return {};
  std::error_code error;
  std::filesystem::directory_iterator processes("/proc", error);
  for (; !error && processes != std::filesystem::directory_iterator(); processes.increment(error)) {
    const std::string id = processes->path().filename();
    if (!IsNumber(id) || !HasOneOf(processes->path(), sockets)) continue;
    const std::string command = CommandOf(processes->path());
    if (!command.empty()) return absl::StrCat(command, " (process ", id, ")");
  }
  return {};
}

}  // namespace ringwire::platform
