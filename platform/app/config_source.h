#ifndef RINGWIRE_PLATFORM_APP_CONFIG_SOURCE_H_
#define RINGWIRE_PLATFORM_APP_CONFIG_SOURCE_H_

#include <string>
#include <vector>

#include "core/control/config_file.h"

namespace ringwire::platform {

// A configuration as found on this system.
struct ConfigSource {
  std::string path;
  std::string interface_name;
  ConfigFile config;
  bool has_files_of_others = false;  // some could be read only with a capability
  std::vector<std::string> warnings;
  std::vector<std::string> errors;  // not to be used unless empty
};

enum class KeyFiles { kRead, kIgnore };

// `argument` is a path, or a NAME for /etc/ringwire/NAME.conf, then /etc/wireguard/NAME.conf. With
// kRead the keys that the configuration keeps in files of their own are read into it.
ConfigSource LoadConfig(const std::string& argument, KeyFiles key_files);

// One error, as `path:line:column: ...`, for every key that is valid and that `run` refuses because
// it does not do what the key asks for.
std::vector<std::string> ErrorsOfDeferredKeys(const ConfigSource& source);

// The first error, and how many more there are, as one line.
std::string SummaryOf(const ConfigSource& source);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_APP_CONFIG_SOURCE_H_
