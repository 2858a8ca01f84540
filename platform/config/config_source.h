#ifndef RINGWIRE_PLATFORM_CONFIG_CONFIG_SOURCE_H_
#define RINGWIRE_PLATFORM_CONFIG_CONFIG_SOURCE_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "platform/config/config_environment.h"
#include "platform/config/secret_file.h"

namespace ringwire::platform {

// A configuration as found on this system.
struct ConfigSource {
  std::string path;
  std::string interface_name;
  bool has_file = true;  // false: `path` only names it for messages
  ConfigFile config;
  std::vector<std::string> warnings;
  std::vector<std::string> errors;  // not to be used unless empty
};

// What the help of a command says about its CONFIG.
inline constexpr char kConfigArgumentHelp[] =
    "A path, or NAME for /etc/ringwire/NAME.conf, else /etc/wireguard/NAME.conf";

enum class KeyFiles { kRead, kIgnore };

// `argument` is a path, or a NAME for /etc/ringwire/NAME.conf, then /etc/wireguard/NAME.conf. With
// kRead the keys that the configuration keeps in files of their own are read into it; a relative
// path of one starts at the folder of the configuration. `environment` overrides keys of the file,
// or replaces the file; `argument` then only names the interface. `text`, if not null, becomes the
// file's.
ConfigSource LoadConfig(const std::string& argument, KeyFiles key_files, SecretText* text = nullptr,
                        const ConfigEnvironment& environment = ProcessEnvironment());
// The same for a caller who means to run it: an error, too, if its hooks must not run
// (WhyHooksMustNotRun), or if it runs from an image and breaks a rule of image_rules.h.
ConfigSource LoadConfigToRun(const std::string& argument, KeyFiles key_files,
                             const ConfigEnvironment& environment = ProcessEnvironment());
// The same for a file that becomes part of an image. Reads no key file.
ConfigSource LoadConfigForImage(const std::string& path, const ConfigEnvironment& environment);
// A configuration's text, with the names of services as this host knows them.
ConfigParse ParseConfigText(std::string_view text);
// The path of a file that a configuration names: next to the configuration, so that it means the
// same wherever ringwire is started, and to the service in the background, too.
std::string PathBeside(const std::string& config_path, const std::string& path);
// As kRead does.
void ReadKeyFiles(ConfigSource* source);

// The first error, and how many more there are, as one line.
std::string SummaryOf(const ConfigSource& source);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONFIG_CONFIG_SOURCE_H_
