#include "core/config/config_parser.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/limits.h"
#include "core/config/config_value.h"
#include "fmt/format.h"

namespace ringwire {
namespace config_parser {

const Parser::KnownKey Parser::kKnownKeys[] = {
    {"PrivateKey", Section::kInterface, &Parser::ReadPrivateKey},
    {"PrivateKeyFile", Section::kInterface, &Parser::ReadPrivateKeyFile},
    {"ListenPort", Section::kInterface, &Parser::ReadListenPort},
    {"FwMark", Section::kInterface, &Parser::ReadFwMark},
    {"Address", Section::kInterface, &Parser::ReadAddress, true},
    {"MTU", Section::kInterface, &Parser::ReadMtu, true},
    {"Workers", Section::kInterface, &Parser::ReadWorkers},
    {"IoBackend", Section::kInterface, &Parser::ReadIoBackend},
    {"Offload", Section::kInterface, &Parser::ReadOffload},
    {"TransportCipher", Section::kInterface, &Parser::ReadTransportCipher},
    {"DNS", Section::kInterface, &Parser::ReadDns, true},
    {"Table", Section::kInterface, &Parser::ReadTable, true},
    {"PreUp", Section::kInterface, &Parser::ReadHook, true, true},
    {"PostUp", Section::kInterface, &Parser::ReadHook, true, true},
    {"PreDown", Section::kInterface, &Parser::ReadHook, true, true},
    {"PostDown", Section::kInterface, &Parser::ReadHook, true, true},
    {"SaveConfig", Section::kInterface, &Parser::ReadSaveConfig},
    {"PublicKey", Section::kPeer, &Parser::ReadPublicKey},
    {"PresharedKey", Section::kPeer, &Parser::ReadPresharedKey},
    {"PresharedKeyFile", Section::kPeer, &Parser::ReadPresharedKeyFile},
    {"AllowedIPs", Section::kPeer, &Parser::ReadAllowedIps, true},
    {"Endpoint", Section::kPeer, &Parser::ReadEndpoint},
    {"PersistentKeepalive", Section::kPeer, &Parser::ReadPersistentKeepalive},
    {"Name", Section::kPeer, &Parser::ReadName},
    {"TransportCipher", Section::kPeer, &Parser::ReadTransportCipher},
    {"Forward", Section::kGateway, &Parser::ReadForward},
    {"Masquerade", Section::kGateway, &Parser::ReadMasquerade},
    {"PortForward", Section::kGateway, &Parser::ReadPortForward},
    {"RouteFrom", Section::kGateway, &Parser::ReadRouteFrom},
    {"ReturnPath", Section::kGateway, &Parser::ReadReturnPath},
    {"Namespace", Section::kGateway, &Parser::ReadNamespace},
    {"KillSwitch", Section::kGateway, &Parser::ReadKillSwitch},
};

constexpr std::string_view SectionName(Section section) {
  if (section == Section::kGateway) return "[Gateway]";
  return section == Section::kPeer ? "[Peer]" : "[Interface]";
}

ConfigParse Parser::Parse(std::string_view text) {
  if (text.size() > kConfigFileBytesMax) {
    Fail(FilePosition{}, fmt::format("the file has {} bytes; a configuration has at most {}",
                                     text.size(), kConfigFileBytesMax));
    return std::move(result_);
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    ++line_number_;
    line_start_ = text.data();
    ParseLine(text.substr(0, newline));
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  EndPeer();
  EndGateway();
  if (errors_not_listed_ > 0) {
    result_.errors.push_back(
        {first_not_listed_, fmt::format("and {} more errors from here on", errors_not_listed_)});
  }
  return std::move(result_);
}

void Parser::Fail(FilePosition position, std::string message) {
  if (result_.errors.size() < kConfigErrorsMax) {
    result_.errors.push_back({position, std::move(message)});
  } else if (errors_not_listed_++ == 0) {
    first_not_listed_ = position;
  }
}

void Parser::ParseLine(std::string_view line) {
  const std::string_view statement = Trim(line.substr(0, line.find('#')));
  if (statement.empty()) return;
  if (statement.starts_with('[')) {
    StartSection(statement);
    return;
  }
  if (section_ == Section::kUnknown) return;  // one error for the whole section
  const size_t equals = statement.find('=');
  // The statement is not quoted here or below: it could be part of a key that was broken over two
  // lines.
  if (equals == std::string_view::npos) {
    Fail(statement, "expected 'Key = value' or '[Section]'");
    return;
  }
  const std::string key = WithoutSpaces(statement.substr(0, equals));
  std::string_view value = Trim(statement.substr(equals + 1));
  if (section_ == Section::kNone) {
    Fail(statement, "a key before any section; an [Interface] or [Peer] line comes first");
    return;
  }
  key_ = FindKey(key, section_);
  if (key_ == nullptr) {
    ReportUnknownKey(statement, key, !value.empty());
    return;
  }
  key_position_ = PositionOf(statement);
  if (key_->is_hook) value = Trim(line.substr(line.find('=') + 1));
  if (value.empty() && !key_->may_be_empty) {
    Fail(value, fmt::format("{} has no value", key_->name));
    return;
  }
  (this->*key_->read)(value);
}

const Parser::KnownKey* Parser::FindKey(std::string_view key, Section section) const {
  const auto* const found = std::ranges::find_if(kKnownKeys, [&](const KnownKey& known) {
    return known.section == section && EqualIgnoringCase(known.name, key);
  });
  return found == std::end(kKnownKeys) ? nullptr : found;
}

void Parser::ReportUnknownKey(std::string_view at, std::string_view key, bool has_value) {
  constexpr size_t kKeyLengthMax = 24;  // beyond every known key by more than any mistyping
  constexpr size_t kDistanceMax = 2;
  for (const Section other : {Section::kInterface, Section::kPeer, Section::kGateway}) {
    const KnownKey* const misplaced = FindKey(key, other);
    if (misplaced == nullptr) continue;
    Fail(at, fmt::format("{} belongs in {}, not in {}", misplaced->name, SectionName(other),
                         SectionName(section_)));
    return;
  }
  const KnownKey* nearest = nullptr;
  std::pair<size_t, bool> nearest_distance{kDistanceMax + 1, false};
  if (key.size() <= kKeyLengthMax) {
    for (const KnownKey& known : kKnownKeys) {
      // Of two that are as near, the one of this section.
      const std::pair distance(EditDistance(key, known.name), known.section != section_);
      if (distance >= nearest_distance) continue;
      if (2 * distance.first >= known.name.size()) continue;  // hardly a letter in common
      nearest = &known;
      nearest_distance = distance;
    }
  }
  if (nearest != nullptr) {
    const std::string where =
        nearest->section == section_
            ? std::string()
            : fmt::format(" (it belongs in {})", SectionName(nearest->section));
    Fail(at, fmt::format("unknown key {} in {}; did you mean '{}'?{}", Quoted(key),
                         SectionName(section_), nearest->name, where));
    return;
  }
  // The tail of a broken key looks like `…mk=`, a name with nothing behind it.
  const bool is_word =
      has_value && key.size() <= kKeyLengthMax && std::ranges::all_of(key, IsLetter);
  Fail(at, fmt::format("unknown key{}{} in {}", is_word ? " " : "", is_word ? Quoted(key) : "",
                       SectionName(section_)));
}

void Parser::StartSection(std::string_view header) {
  EndPeer();
  const std::string name = WithoutSpaces(header);
  if (EqualIgnoringCase(name, "[Interface]")) {
    section_ = Section::kInterface;
  } else if (EqualIgnoringCase(name, "[Peer]")) {
    section_ = Section::kPeer;
    peer_has_public_key_ = false;
    result_.config.peers.emplace_back().position = PositionOf(header);
  } else if (EqualIgnoringCase(name, "[Gateway]")) {
    section_ = Section::kGateway;
  } else {
    section_ = Section::kUnknown;
    Fail(header, "unknown section; there are [Interface], [Peer] and [Gateway]");
  }
}

void Parser::EndPeer() {
  if (section_ == Section::kPeer && !peer_has_public_key_) {
    Fail(peer().position, "this [Peer] has no PublicKey");
  }
}

// What is to be translated has to be forwarded first.
void Parser::EndGateway() {
  CheckRouteFrom();
  GatewayConfig& gateway = result_.config.gateway;
  const bool translates = !gateway.masquerade.empty();
  const bool needed = translates || !gateway.port_forwards.empty();
  gateway.forward = forward_.value_or(needed);
  if (needed && !gateway.forward) {
    Fail(forward_position_, fmt::format("{} needs Forward = on; leave one of the two out",
                                        translates ? "Masquerade" : "PortForward"));
  }
  CheckPortForwards();
  CheckReturnPath();
}

}  // namespace config_parser

ConfigParse ParseConfigFile(std::string_view text, ServicePort lookup, TableNumber tables) {
  return config_parser::Parser(lookup, tables).Parse(text);
}

}  // namespace ringwire
