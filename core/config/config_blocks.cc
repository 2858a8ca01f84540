#include "core/config/config_blocks.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/ascii.h"
#include "core/device/secret_text.h"
#include "crypto/secret.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

// Empty for a line that sets nothing.
std::string KeyOf(std::string_view line) {
  ConfigLine read = ReadConfigLine(line);
  return read.kind == ConfigLine::Kind::kSetting ? std::move(read.name) : std::string();
}

bool IsComment(std::string_view line) {
  return ReadConfigLine(line).kind == ConfigLine::Kind::kComment;
}

// A setting that somebody has switched off.
bool IsCommentedSetting(std::string_view line) {
  return IsComment(line) && line.find('=') != std::string_view::npos;
}

void Erase(std::string* text) { crypto::Cleanse(text->data(), text->size()); }

// Where `word` stands in the line as a word of its own, which an underscore ends too: installers
// write `# END_PEER anna` and `### end anna ###`.
size_t FindWord(std::string_view line, std::string_view word) {
  for (size_t at = 0; at + word.size() <= line.size(); ++at) {
    const size_t behind = at + word.size();
    const bool begins = at == 0 || !IsLetter(line[at - 1]);
    const bool ends = behind == line.size() || !IsLetter(line[behind]);
    if (begins && ends && EqualIgnoringCase(line.substr(at, word.size()), word)) return at;
  }
  return std::string_view::npos;
}

bool MarksAnEnd(std::string_view line) { return FindWord(line, "end") != std::string_view::npos; }

// Whether two comments are the same but for the words begin and end.
bool ArePair(std::string_view begin, std::string_view end) {
  constexpr std::string_view kBegin = "begin";
  const size_t at = FindWord(begin, kBegin);
  if (at == std::string_view::npos) return false;
  const std::string wanted =
      fmt::format("{}end{}", begin.substr(0, at), begin.substr(at + kBegin.size()));
  return EqualIgnoringCase(Trim(wanted), Trim(end));
}

// How many of the last lines are comments of the section whose header follows: all that stand right
// above it, but for what ends or belongs to the section before.
size_t CommentsOfNext(const std::vector<std::string>& lines) {
  size_t first = lines.size();
  while (first > 0 && IsComment(lines[first - 1])) --first;
  const bool is_apart = first == 0 || !ReadConfigLine(lines[first - 1]).SaysSomething();
  for (size_t i = lines.size(); i > first; --i) {
    const std::string& line = lines[i - 1];
    if (MarksAnEnd(line) || (!is_apart && IsCommentedSetting(line))) return lines.size() - i;
  }
  return lines.size() - first;
}

}  // namespace

std::string_view EndOfLine(std::string_view line) {
  if (line.ends_with("\r\n")) return "\r\n";
  return line.ends_with('\n') ? "\n" : "";
}

void ReplaceValue(std::string_view value, std::string* line) {
  const std::string_view old = ReadConfigLine(*line).value;
  const auto begin = static_cast<size_t>(old.data() - line->data());
  const std::string_view whole = *line;
  std::string fresh;
  AppendSecret({whole.substr(0, begin), value, whole.substr(begin + old.size())}, &fresh);
  Erase(line);
  *line = std::move(fresh);
}

ConfigBlock::~ConfigBlock() { Clear(); }

void ConfigBlock::Clear() {
  for (std::string& line : lines_) Erase(&line);
  lines_.clear();
}

void ConfigBlock::EndLastLine(std::string_view end) {
  if (!lines_.empty() && EndOfLine(lines_.back()).empty()) AppendSecret({end}, &lines_.back());
}

void ConfigBlock::Append(std::string line, std::string_view end) {
  size_t at = lines_.size();
  while (at > 0 && !ReadConfigLine(lines_[at - 1]).SaysSomething()) --at;
  if (at > 0 && EndOfLine(lines_[at - 1]).empty()) AppendSecret({end}, &lines_[at - 1]);
  if (EndOfLine(line).empty()) AppendSecret({end}, &line);
  lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at), std::move(line));
}

void ConfigBlock::EditLines(std::string_view key, absl::FunctionRef<bool(std::string*)> edit) {
  std::erase_if(lines_, [key, edit](std::string& line) {
    if (!EqualIgnoringCase(KeyOf(line), key) || edit(&line)) return false;
    Erase(&line);
    return true;
  });
}

void ConfigBlock::Remove(std::string_view key) {
  EditLines(key, [](std::string*) { return false; });
}

std::string* ConfigBlock::FindLast(std::string_view key) {
  const auto last = std::find_if(lines_.rbegin(), lines_.rend(), [key](const std::string& line) {
    return EqualIgnoringCase(KeyOf(line), key);
  });
  return last == lines_.rend() ? nullptr : &*last;
}

void ConfigBlock::RemoveSection() {
  const auto header = std::ranges::find_if(lines_, [](const std::string& line) {
    return ReadConfigLine(line).kind == ConfigLine::Kind::kSection;
  });
  auto behind =
      std::find_if(lines_.rbegin(), std::make_reverse_iterator(header),
                   [](const std::string& line) { return ReadConfigLine(line).SaysSomething(); })
          .base();
  while (behind != lines_.end() && IsCommentedSetting(*behind)) ++behind;
  std::vector<std::string> kept;
  for (auto line = behind; line != lines_.end(); ++line) {
    const bool is_own_end = std::any_of(lines_.begin(), header, [&line](const std::string& above) {
      return ArePair(above, *line);
    });
    const bool is_gap = kept.empty() && !IsComment(*line);
    if (!is_own_end && !is_gap) kept.push_back(std::move(*line));
  }
  Clear();
  lines_ = std::move(kept);
  section_ = ConfigSection::kNone;
}

void ConfigBlock::MergeInto(ConfigBlock* into, std::string_view end,
                            absl::FunctionRef<bool(std::string_view key)> left_out) {
  for (std::string& line : lines_) {
    const std::string key = KeyOf(line);
    if (key.empty() ? !IsComment(line) : left_out(key)) continue;
    if (!key.empty()) into->Remove(key);
    into->Append(std::move(line), end);
  }
  Clear();
}

std::list<ConfigBlock> ReadConfigBlocks(std::string_view text) {
  std::list<ConfigBlock> blocks;
  blocks.emplace_back(ConfigSection::kNone);
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const std::string_view line =
        text.substr(0, newline == std::string_view::npos ? newline : newline + 1);
    text.remove_prefix(line.size());
    const ConfigLine read = ReadConfigLine(line);
    if (read.kind == ConfigLine::Kind::kSection) {
      std::vector<std::string>& above = blocks.back().lines_;
      const auto first = above.end() - static_cast<std::ptrdiff_t>(CommentsOfNext(above));
      ConfigBlock block(read.section);
      block.lines_.assign(std::make_move_iterator(first), std::make_move_iterator(above.end()));
      above.erase(first, above.end());
      blocks.push_back(std::move(block));
    }
    blocks.back().lines_.emplace_back(line);
  }
  return blocks;
}

}  // namespace ringwire
