#ifndef RINGWIRE_PLATFORM_CONFIG_HOOK_WRITERS_H_
#define RINGWIRE_PLATFORM_CONFIG_HOOK_WRITERS_H_

#include <string>

#include "core/config/config_file.h"

namespace ringwire::platform {

// The hooks of a configuration run as root, so nobody but root and the file's owner may be able to
// write them. Returns why they must not run, with the fix: the file at `path`, or a folder in which
// it could be replaced, is writable for its group or for others. Empty: nothing is wrong, or there
// are no hooks.
std::string WhyHooksMustNotRun(const ConfigFile& config, const std::string& path);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONFIG_HOOK_WRITERS_H_
