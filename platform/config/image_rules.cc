#include "platform/config/image_rules.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <optional>

#include "core/base/ascii.h"
#include "core/config/config_line.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

std::optional<uint64_t> MountOf(const std::string& path) {
  struct statx status{};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &status) != 0) return std::nullopt;
  return status.stx_mnt_id;
}

}  // namespace

bool IsInLayer(const std::string& path) {
  const std::optional<uint64_t> mount = MountOf(path);
  return mount.has_value() && mount == MountOf("/");
}

std::vector<ConfigError> BakedKeys(std::string_view text) {
  std::vector<ConfigError> found;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (uint32_t number = 1; !text.empty(); ++number) {
    const size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    const ConfigLine read = ReadConfigLine(line);
    if (read.kind != ConfigLine::Kind::kSetting || read.value.empty()) continue;
    for (const std::string_view key : {"PrivateKey", "PresharedKey"}) {
      if (!EqualIgnoringCase(read.name, key)) continue;
      const auto column = static_cast<uint32_t>(read.statement.data() - line.data()) + 1;
      found.push_back({{number, column},
                       fmt::format("this {} is part of the image; {}", key, kBakedKeyAdvice)});
    }
  }
  return found;
}

std::vector<std::string> NeedsBeyondImage(const ConfigFile& config) {
  std::vector<std::string> needs;
  if (config.hooks != Hooks()) {
    needs.emplace_back(
        "the image has no shell, so PreUp, PostUp, PreDown and PostDown cannot run; remove them");
  }
  if (config.dns != DnsSettings()) {
    needs.emplace_back(
        "the image cannot change name servers; remove DNS and set them for the container (--dns)");
  }
  return needs;
}

}  // namespace ringwire::platform
