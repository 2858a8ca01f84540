#ifndef RINGWIRE_PLATFORM_CONFIG_IMAGE_RULES_H_
#define RINGWIRE_PLATFORM_CONFIG_IMAGE_RULES_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"

// What a configuration in ringwire's container image must not have: keys, which everyone who has
// the image could read, and what needs a program that the image lacks.
namespace ringwire::platform {

// Whether a file is part of this container's layers: it is on the mount of the root folder, and no
// mount of its own, as a secret is. False for a file that does not exist.
bool IsInLayer(const std::string& path);

// For each line of `text` with a PrivateKey or a PresharedKey. Pure.
std::vector<ConfigError> BakedKeys(std::string_view text);

// Why the image cannot do what `config` says. Pure.
std::vector<std::string> NeedsBeyondImage(const ConfigFile& config);

// Behind the name of what has the key.
inline constexpr std::string_view kBakedKeyAdvice =
    "everyone who has the image has the key; mount it as a secret and name its file "
    "(PrivateKeyFile, PresharedKeyFile or RINGWIRE_INTERFACE_PRIVATEKEY_FILE), or allow it with "
    "RINGWIRE_ALLOW_BAKED_KEY=1";

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONFIG_IMAGE_RULES_H_
