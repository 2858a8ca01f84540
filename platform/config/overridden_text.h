#ifndef RINGWIRE_PLATFORM_CONFIG_OVERRIDDEN_TEXT_H_
#define RINGWIRE_PLATFORM_CONFIG_OVERRIDDEN_TEXT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "platform/config/config_environment.h"
#include "platform/config/secret_file.h"

// A configuration file's text with keys from the environment. Pure.
namespace ringwire::platform {

class OverriddenText {
 public:
  // Leaves out each setting of `text` that a variable sets, and adds the variable's at the
  // beginning of its section. PrivateKey and PrivateKeyFile replace each other, as do
  // PresharedKey and PresharedKeyFile. A [Peer] that is the next after the file's last is added.
  // `variables` outlives this object. Only PRIVATEKEY and PRESHAREDKEY may be paths.
  OverriddenText(std::string_view text, std::span<const ConfigVariable> variables);

  const SecretText& text() const { return text_; }
  // Each names its variable.
  const std::vector<std::string>& errors() const { return errors_; }
  // Of a position in text(): "FILE:LINE:COLUMN" with the line of the file, or the variable's name.
  std::string Locate(FilePosition position, std::string_view file) const;
  // The positions in `config`, which was parsed from text(), become those of the file. The value
  // of a variable gets the position of its section.
  void MovePositions(ConfigFile* config) const;

 private:
  struct Origin {
    uint32_t line = 1;  // of the file
    const ConfigVariable* variable = nullptr;
  };
  struct Place {
    ConfigSection section = ConfigSection::kNone;
    uint32_t peer = 0;  // of kPeer, from 1
    friend bool operator==(const Place&, const Place&) = default;
  };

  static Place PlaceOf(const ConfigVariable& variable) { return {variable.section, variable.peer}; }
  bool IsOverridden(std::string_view key, Place place) const;
  void TakeLine(std::string_view line, uint32_t number);
  void AddMissingSections(uint32_t last_line);
  void AddLine(std::string_view line, Origin origin);
  // Those of a place that just begins; a place that comes twice gets them the first time.
  void AddVariables(Place place, uint32_t line);
  FilePosition InFile(FilePosition position) const;

  const std::span<const ConfigVariable> variables_;
  SecretText text_;
  std::vector<Origin> origins_;  // of each line of text_
  Place place_;                  // of the line that is read
  uint32_t peers_ = 0;           // so far
  std::vector<Place> begun_;
  std::vector<std::string> errors_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONFIG_OVERRIDDEN_TEXT_H_
