#include "platform/observe/log_line.h"

#include <array>
#include <utility>

namespace ringwire::platform {
namespace {

constexpr int kInfo = 6;
// The form of a line of text (platform/process/logging.cc): this time, a space, the level's name.
constexpr std::string_view kTimeForm = "0000-00-00T00:00:00.000 ";
constexpr std::string_view kJsonLevel = R"("level":")";

bool BeginsWithTime(std::string_view line) {
  if (line.size() < kTimeForm.size()) return false;
  for (size_t i = 0; i < kTimeForm.size(); ++i) {
    const bool digit = line[i] >= '0' && line[i] <= '9';
    if (kTimeForm[i] == '0' ? !digit : line[i] != kTimeForm[i]) return false;
  }
  return true;
}

}  // namespace

int SeverityOf(std::string_view line) {
  constexpr std::array<std::pair<std::string_view, int>, 6> kNames = {
      {{"trace", 7}, {"debug", 7}, {"info", kInfo}, {"warning", 4}, {"error", 3}, {"critical", 2}}};
  std::string_view rest;
  if (BeginsWithTime(line)) {
    rest = line.substr(kTimeForm.size());
  } else if (const size_t level = line.find(kJsonLevel);
             line.starts_with('{') && level != std::string_view::npos) {
    rest = line.substr(level + kJsonLevel.size());
  }
  for (const auto& [name, severity] : kNames) {
    if (rest.starts_with(name)) return severity;
  }
  return kInfo;
}

std::string_view WithoutTime(std::string_view line) {
  return BeginsWithTime(line) ? line.substr(kTimeForm.size()) : line;
}

std::string Printable(std::string_view line) {
  std::string text(line);
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\t') || code == 0x7f) c = '?';
  }
  return text;
}

}  // namespace ringwire::platform
