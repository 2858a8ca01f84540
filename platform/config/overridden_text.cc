#include "platform/config/overridden_text.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/config/config_line.h"
#include "core/device/secret_text.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

// The key that reads this value.
std::string_view KeyInText(const ConfigVariable& variable) {
  if (!variable.is_path) return variable.key;
  return variable.key == "PRIVATEKEY" ? "PrivateKeyFile" : "PresharedKeyFile";
}

// The name of a key without its File: two keys for one value have the same.
std::string_view ValueOf(std::string_view key) {
  constexpr std::string_view kFile = "File";
  if (key.size() > kFile.size() &&
      EqualIgnoringCase(key.substr(key.size() - kFile.size()), kFile)) {
    key.remove_suffix(kFile.size());
  }
  return key;
}

}  // namespace

OverriddenText::OverriddenText(std::string_view text, std::span<const ConfigVariable> variables)
    : variables_(variables) {
  uint32_t number = 0;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    TakeLine(text.substr(0, newline), ++number);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  AddMissingSections(std::max(number, 1U));
}

bool OverriddenText::IsOverridden(std::string_view key, Place place) const {
  return std::ranges::any_of(variables_, [&](const ConfigVariable& variable) {
    return PlaceOf(variable) == place && EqualIgnoringCase(ValueOf(key), ValueOf(variable.key));
  });
}

void OverriddenText::TakeLine(std::string_view line, uint32_t number) {
  const bool marked = number == 1 && line.starts_with(kByteOrderMark);
  const ConfigLine read = ReadConfigLine(marked ? line.substr(kByteOrderMark.size()) : line);
  if (read.kind == ConfigLine::Kind::kSetting && IsOverridden(read.name, place_)) return;
  AddLine(line, {number, nullptr});
  if (read.kind != ConfigLine::Kind::kSection) return;
  const bool is_peer = read.section == ConfigSection::kPeer;
  if (is_peer) ++peers_;
  place_ = {read.section, is_peer ? peers_ : 0};
  AddVariables(place_, number);
}

void OverriddenText::AddMissingSections(uint32_t last_line) {
  for (const ConfigVariable& variable : variables_) {
    const Place place = PlaceOf(variable);
    if (std::ranges::find(begun_, place) != begun_.end()) continue;
    if (place.peer > peers_ + 1) {
      errors_.push_back(fmt::format("{}: there is no [Peer] number {}; the configuration has {}",
                                    variable.name, place.peer, peers_));
      continue;
    }
    peers_ = std::max(peers_, place.peer);
    AddLine(SectionName(place.section), {last_line, &variable});
    AddVariables(place, last_line);
  }
}

void OverriddenText::AddLine(std::string_view line, Origin origin) {
  AppendSecret({line, "\n"}, &text_.text);
  origins_.push_back(origin);
}

void OverriddenText::AddVariables(Place place, uint32_t line) {
  if (std::ranges::find(begun_, place) != begun_.end()) return;
  begun_.push_back(place);
  for (const ConfigVariable& variable : variables_) {
    if (PlaceOf(variable) != place) continue;
    AppendSecret({KeyInText(variable), " = ", variable.value.text, "\n"}, &text_.text);
    origins_.push_back({line, &variable});
  }
}

std::string OverriddenText::Locate(FilePosition position, std::string_view file) const {
  const size_t index = position.line - 1;
  if (index < origins_.size() && origins_[index].variable != nullptr) {
    return origins_[index].variable->name;
  }
  const FilePosition in_file = InFile(position);
  return fmt::format("{}:{}:{}", file, in_file.line, in_file.column);
}

FilePosition OverriddenText::InFile(FilePosition position) const {
  const size_t index = position.line - 1;
  if (index >= origins_.size()) return position;
  const Origin& origin = origins_[index];
  return {origin.line, origin.variable == nullptr ? position.column : 1};
}

void OverriddenText::MovePositions(ConfigFile* config) const {
  config->private_key_file_position = InFile(config->private_key_file_position);
  for (PeerConfig& peer : config->peers) {
    for (FilePosition* const position :
         {&peer.position, &peer.preshared_key_file_position, &peer.allowed_ips_position,
          &peer.endpoint_position, &peer.persistent_keepalive_position}) {
      *position = InFile(*position);
    }
  }
}

}  // namespace ringwire::platform
