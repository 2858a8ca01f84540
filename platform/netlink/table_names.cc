#include "platform/netlink/table_names.h"

#include <netlink/netlink.h>
#include <netlink/route/route.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "core/base/mutex.h"

namespace ringwire::platform {
namespace {

// In the order in which they count.
std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const std::string folder : {"/etc/iproute2/", "/usr/share/iproute2/"}) {
    files.push_back(folder + "rt_tables");
    const auto first = static_cast<std::ptrdiff_t>(files.size());
    std::error_code error;
    std::filesystem::directory_iterator entry(folder + "rt_tables.d", error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      if (entry->path().extension() == ".conf") files.push_back(entry->path());
    }
    std::sort(files.begin() + first, files.end());
  }
  return files;
}

// libnl takes a number for a name, in octal too.
bool IsNumber(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos || name.starts_with("0x") ||
         name.starts_with('-') || name.starts_with('+');
}

}  // namespace

std::optional<uint32_t> RoutingTableOf(const std::string& name) {
  if (IsNumber(name)) return std::nullopt;
  static Mutex mutex;  // libnl has one list of names for the whole process
  MutexLock lock(&mutex);
  for (const std::string& file : Files()) {
    if (rtnl_route_read_table_names(file.c_str()) < 0) continue;
    const int number = rtnl_route_str2table(name.c_str());
    if (number > 0) return static_cast<uint32_t>(number);
  }
  return std::nullopt;
}

}  // namespace ringwire::platform
