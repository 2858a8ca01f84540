#include "core/config/config_line.h"

#include <cstddef>

#include "core/base/ascii.h"
#include "core/config/config_value.h"

namespace ringwire {
namespace {

ConfigSection SectionOf(std::string_view name) {
  for (const ConfigSection section :
       {ConfigSection::kInterface, ConfigSection::kPeer, ConfigSection::kGateway,
        ConfigSection::kEnrol, ConfigSection::kConnect}) {
    if (EqualIgnoringCase(name, SectionName(section))) return section;
  }
  return ConfigSection::kUnknown;
}

}  // namespace

std::string_view SectionName(ConfigSection section) {
  switch (section) {
    case ConfigSection::kInterface:
      return "[Interface]";
    case ConfigSection::kPeer:
      return "[Peer]";
    case ConfigSection::kGateway:
      return "[Gateway]";
    case ConfigSection::kEnrol:
      return "[Enrol]";
    case ConfigSection::kConnect:
      return "[Connect]";
    case ConfigSection::kNone:
    case ConfigSection::kUnknown:
      break;
  }
  return {};
}

ConfigLine ReadConfigLine(std::string_view line) {
  ConfigLine read;
  const size_t comment = line.find('#');
  read.statement = Trim(line.substr(0, comment));
  if (read.statement.empty()) {
    if (comment != std::string_view::npos) read.kind = ConfigLine::Kind::kComment;
    return read;
  }
  if (read.statement.starts_with('[')) {
    read.kind = ConfigLine::Kind::kSection;
    read.name = WithoutSpaces(read.statement);
    read.section = SectionOf(read.name);
    return read;
  }
  const size_t equals = read.statement.find('=');
  if (equals == std::string_view::npos) {
    read.kind = ConfigLine::Kind::kOther;
    return read;
  }
  read.kind = ConfigLine::Kind::kSetting;
  read.name = WithoutSpaces(read.statement.substr(0, equals));
  read.value = Trim(read.statement.substr(equals + 1));
  read.whole_value = Trim(line.substr(line.find('=') + 1));
  return read;
}

}  // namespace ringwire
