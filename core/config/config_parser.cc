#include "core/config/config_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/limits.h"
#include "core/config/text_encoding.h"
#include "fmt/format.h"

namespace ringwire {
namespace config_parser {
namespace {

constexpr std::array kSections = {ConfigSection::kInterface, ConfigSection::kPeer,
                                  ConfigSection::kGateway, ConfigSection::kEnrol,
                                  ConfigSection::kConnect};

std::span<const KeyRow> KeysOf(ConfigSection section) {
  switch (section) {
    case ConfigSection::kInterface:
      return InterfaceKeys();
    case ConfigSection::kPeer:
      return PeerKeys();
    case ConfigSection::kGateway:
      return GatewayKeys();
    case ConfigSection::kEnrol:
      return EnrolKeys();
    case ConfigSection::kConnect:
      return ConnectKeys();
    case ConfigSection::kNone:
    case ConfigSection::kUnknown:
      break;
  }
  return {};
}

const KeyRow* FindKey(std::string_view name, ConfigSection section) {
  const std::span<const KeyRow> keys = KeysOf(section);
  const auto found = std::ranges::find_if(
      keys, [name](const KeyRow& row) { return EqualIgnoringCase(row.name, name); });
  return found == keys.end() ? nullptr : &*found;
}

// Whether all letters of `part` are in `whole` in this order: PubKey is short for PublicKey,
// Keepalive for PersistentKeepalive.
bool IsShortFor(std::string_view part, std::string_view whole) {
  if (part.size() < 5) return false;
  for (const char c : whole) {
    if (!part.empty() && Lower(part.front()) == Lower(c)) part.remove_prefix(1);
  }
  return part.empty();
}

// Keepalive is a key of [Enrol]; in [Peer] it is short for PersistentKeepalive.
bool IsShortForKeyOf(ConfigSection section, std::string_view name) {
  return std::ranges::any_of(KeysOf(section),
                             [name](const KeyRow& row) { return IsShortFor(name, row.name); });
}

struct NearestKey {
  const KeyRow* row = nullptr;
  ConfigSection section = ConfigSection::kNone;
};

// The key that a mistyped one was meant to be; none: no key is near enough.
NearestKey FindNearest(std::string_view name, ConfigSection here) {
  constexpr size_t kDistanceMax = 2;
  NearestKey nearest;
  std::pair<size_t, bool> nearest_distance{kDistanceMax + 1, false};
  const bool is_short_here = IsShortForKeyOf(here, name);
  for (const ConfigSection section : kSections) {
    if (is_short_here && section != here) continue;
    for (const KeyRow& row : KeysOf(section)) {
      size_t edits = EditDistance(name, row.name);
      if (edits > kDistanceMax && IsShortFor(name, row.name)) edits = kDistanceMax;
      // Of two that are as near, the one of this section.
      const std::pair distance(edits, section != here);
      if (distance >= nearest_distance) continue;
      if (2 * edits >= row.name.size()) continue;  // hardly a letter in common
      nearest = {&row, section};
      nearest_distance = distance;
    }
  }
  return nearest;
}

// The lines of a file.
class Parser {
 public:
  explicit Parser(Reading* reading) : reading_(reading) {}
  void Parse(std::string_view text);

 private:
  void ParseLine(std::string_view line);
  void StartSection(const ConfigLine& line);
  void EndPeer();
  void ReportUnknownKey(const ConfigLine& line);

  Reading* const reading_;
  ConfigSection section_ = ConfigSection::kNone;
};

void Parser::Parse(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    reading_->StartLine(line);
    ParseLine(line);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  EndPeer();
}

void Parser::ParseLine(std::string_view line) {
  const ConfigLine read = ReadConfigLine(line);
  if (!read.SaysSomething()) return;
  if (read.kind == ConfigLine::Kind::kSection) {
    StartSection(read);
    return;
  }
  if (section_ == ConfigSection::kUnknown) return;  // one error for the whole section
  const bool is_setting = read.kind == ConfigLine::Kind::kSetting;
  const KeyRow* const row = is_setting ? FindKey(read.name, section_) : nullptr;
  const bool is_text = row != nullptr && (row->is_hook || row->is_free_text);
  if (const std::optional<OddCharacter> odd = FindOddCharacter(read.statement); odd && !is_text) {
    reading_->Fail(odd->at, fmt::format("{} does not belong here; {}", odd->name, odd->instead));
    return;
  }
  // The statement is not quoted here or below: it could be part of a key that was broken over two
  // lines.
  if (!is_setting) {
    reading_->Fail(read.statement, "expected 'Key = value' or '[Section]'");
    return;
  }
  if (section_ == ConfigSection::kNone) {
    reading_->Fail(read.statement,
                   "a key before any section; an [Interface] or [Peer] line comes first");
    return;
  }
  if (row == nullptr) {
    ReportUnknownKey(read);
    return;
  }
  reading_->StartSetting(*row, section_, read.statement);
  const std::string_view value = row->is_hook ? read.whole_value : read.value;
  if (value.empty() && !row->may_be_empty) {
    reading_->Fail(value, fmt::format("{} has no value", row->name));
    return;
  }
  row->read(value, reading_);
}

void Parser::ReportUnknownKey(const ConfigLine& line) {
  constexpr size_t kKeyLengthMax = 24;  // beyond every known key by more than any mistyping
  const std::string_view at = line.statement;
  const bool is_short = IsShortForKeyOf(section_, line.name);
  for (const ConfigSection other : kSections) {
    const KeyRow* const misplaced = is_short ? nullptr : FindKey(line.name, other);
    if (misplaced == nullptr) continue;
    reading_->Fail(at, fmt::format("{} belongs in {}, not in {}", misplaced->name,
                                   SectionName(other), SectionName(section_)));
    return;
  }
  const bool may_be_key = line.name.size() <= kKeyLengthMax;
  if (const NearestKey nearest = may_be_key ? FindNearest(line.name, section_) : NearestKey();
      nearest.row != nullptr) {
    const std::string where =
        nearest.section == section_
            ? std::string()
            : fmt::format(" (it belongs in {})", SectionName(nearest.section));
    reading_->Fail(at, fmt::format("unknown key {} in {}; did you mean '{}'?{}", Quoted(line.name),
                                   SectionName(section_), nearest.row->name, where));
    return;
  }
  // The tail of a broken key looks like `…mk=`, a name with nothing behind it.
  const bool is_word =
      !line.value.empty() && may_be_key && std::ranges::all_of(line.name, IsLetter);
  reading_->Fail(at, fmt::format("unknown key{}{} in {}", is_word ? " " : "",
                                 is_word ? Quoted(line.name) : "", SectionName(section_)));
}

void Parser::StartSection(const ConfigLine& line) {
  EndPeer();
  section_ = line.section;
  if (section_ == ConfigSection::kPeer) {
    reading_->peer_has_public_key = false;
    reading_->StartPeer();
    reading_->config().peers.emplace_back().position = reading_->PositionOf(line.statement);
  }
  if (section_ == ConfigSection::kEnrol && !reading_->config().enrol.has_value()) {
    reading_->config().enrol.emplace();
    reading_->enrol_position = reading_->PositionOf(line.statement);
  }
  if (section_ == ConfigSection::kConnect && !reading_->config().connect.has_value()) {
    reading_->config().connect.emplace();
    reading_->connect_position = reading_->PositionOf(line.statement);
  }
  if (section_ != ConfigSection::kUnknown) return;
  if (const std::optional<OddCharacter> odd = FindOddCharacter(line.statement)) {
    reading_->Fail(odd->at, fmt::format("{} does not belong here; {}", odd->name, odd->instead));
    return;
  }
  // Not quoted where it is longer: it could be a part of a key.
  constexpr size_t kShownMax = 14;
  constexpr size_t kDistanceMax = 2;
  const std::string shown =
      line.name.size() <= kShownMax ? fmt::format(" {}", Quoted(line.name)) : std::string();
  std::string meant = "; there are [Interface], [Peer], [Gateway], [Enrol] and [Connect]";
  for (const ConfigSection known : kSections) {
    if (!shown.empty() && EditDistance(line.name, SectionName(known)) <= kDistanceMax) {
      meant = fmt::format("; did you mean {}?", SectionName(known));
    }
  }
  reading_->Fail(line.statement, fmt::format("unknown section{}{}", shown, meant));
}

void Parser::EndPeer() {
  if (section_ == ConfigSection::kPeer && !reading_->peer_has_public_key) {
    reading_->Fail(reading_->peer().position, "this [Peer] has no PublicKey");
  }
}

}  // namespace

void Reading::Messages::Add(FilePosition position, std::string message) {
  if (list.size() < kConfigErrorsMax) {
    list.push_back({position, std::move(message)});
  } else if (not_listed++ == 0) {
    first_not_listed = position;
  }
}

std::vector<ConfigError> Reading::Messages::Take(std::string_view kind) {
  if (not_listed > 0) {
    list.push_back(
        {first_not_listed, fmt::format("and {} more {} from here on", not_listed, kind)});
  }
  return std::move(list);
}

void Reading::StartSetting(const KeyRow& row, ConfigSection section, std::string_view at) {
  key_ = &row;
  key_position_ = PositionOf(at);
  auto& positions = PositionsIn(section);
  const auto [known, is_new] = positions.try_emplace(row.name, key_position_);
  const FilePosition before = std::exchange(known->second, key_position_);
  if (is_new || row.adds_up || row.is_hook) return;
  Warn(key_position_,
       fmt::format("{} is in line {} already; only this line counts", row.name, before.line));
}

FilePosition Reading::PositionOfKey(std::string_view name) const {
  const auto found = key_positions_.find(name);
  return found == key_positions_.end() ? FilePosition() : found->second;
}

FilePosition Reading::PositionOfEnrolKey(std::string_view name) const {
  const auto found = enrol_key_positions_.find(name);
  return found == enrol_key_positions_.end() ? enrol_position : found->second;
}

ConfigParse Reading::Finish() {
  return {std::move(config_), errors_.Take("errors"), warnings_.Take("warnings")};
}

}  // namespace config_parser

ConfigParse ParseConfigFile(std::string_view text, ServicePort lookup, TableNumber tables) {
  config_parser::Reading reading(lookup, tables);
  if (text.size() > kConfigFileBytesMax) {
    reading.Fail(
        FilePosition{},
        fmt::format("the file has {} bytes; a configuration has at most {}, which are some "
                    "{} peers; add more by `wg addconf` in parts",
                    text.size(), kConfigFileBytesMax, kPeersMax));
  } else if (const std::string encoding = ForeignEncodingOf(text); !encoding.empty()) {
    reading.Fail(FilePosition{}, fmt::format("the file is {}; {}", encoding, kHowToConvert));
  } else {
    config_parser::Parser(&reading).Parse(text);
    config_parser::Review(&reading);
  }
  return reading.Finish();
}

}  // namespace ringwire
