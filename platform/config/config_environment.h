#ifndef RINGWIRE_PLATFORM_CONFIG_CONFIG_ENVIRONMENT_H_
#define RINGWIRE_PLATFORM_CONFIG_CONFIG_ENVIRONMENT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_line.h"
#include "platform/config/secret_file.h"

// What environment variables say about a configuration:
//
//   RINGWIRE_INTERFACE_KEY, RINGWIRE_GATEWAY_KEY, RINGWIRE_ENROL_KEY   a key of that section
//   RINGWIRE_PEER_N_KEY                            a key of the N-th [Peer], counted from 1
//   RINGWIRE_CONFIG                                the whole file, plain or in base64
//
// X_FILE, X_SECRETFILE and FILE__X name a file with the value of X. An empty variable counts as
// not set, as compose files pass on variables that way.
namespace ringwire::platform {

// One variable's value, and where it belongs.
struct ConfigVariable {
  std::string name;  // of the variable, as it is set
  ConfigSection section = ConfigSection::kNone;
  uint32_t peer = 0;  // of kPeer, from 1
  std::string key;    // in capitals
  SecretText value;
  bool is_path = false;  // `value` is the path of a file with the value

  bool is_key() const { return key == "PRIVATEKEY" || key == "PRESHAREDKEY"; }
};

// Immutable after Read().
class ConfigEnvironment {
 public:
  // `entries`: as "NAME=value".
  static ConfigEnvironment Read(std::span<const std::string_view> entries);

  // In the order of sections, peers and names.
  const std::vector<ConfigVariable>& settings() const { return settings_; }
  const std::optional<ConfigVariable>& whole_file() const { return whole_file_; }
  // Whether the process runs from ringwire's container image, and whether its configuration may
  // have a key in a layer of that image.
  bool in_image() const { return in_image_; }
  bool allows_baked_key() const { return allows_baked_key_; }
  // Each names its variable; the configuration is not to be used unless there are none.
  const std::vector<std::string>& errors() const { return errors_; }

  bool changes_config() const { return whole_file_.has_value() || !settings_.empty(); }
  // The names of the variables whose values are keys, and not paths of files with keys.
  std::vector<std::string> NamesOfPlainKeys() const;

 private:
  void ReadEntry(std::string_view name, std::string_view value);
  void Add(ConfigVariable variable);
  void RefuseDoubles();

  std::vector<ConfigVariable> settings_;
  std::optional<ConfigVariable> whole_file_;
  bool in_image_ = false;
  bool allows_baked_key_ = false;
  std::vector<std::string> errors_;
};

// That of this process, read by the first call, which must come before the first thread and the
// first child: it removes variables with keys from the environment, so that no child inherits them.
const ConfigEnvironment& ProcessEnvironment();

// The text of a whole file that came as a variable: plain, or base64 with or without line breaks.
// Nullopt: it is neither.
std::optional<SecretText> DecodeWholeFile(std::string_view value);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONFIG_CONFIG_ENVIRONMENT_H_
