#ifndef RINGWIRE_CORE_CONFIG_CONFIG_BLOCKS_H_
#define RINGWIRE_CORE_CONFIG_CONFIG_BLOCKS_H_

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/config/config_line.h"

// A configuration file as text to be edited line by line, so that every other line stays byte for
// byte as it was. The lines may hold keys: what is removed or replaced is zeroed. Pure.
namespace ringwire {

// A section with the comments that belong to it, or what comes before the first one.
class ConfigBlock {
 public:
  explicit ConfigBlock(ConfigSection section) : section_(section) {}
  ConfigBlock(ConfigBlock&&) = default;
  ConfigBlock& operator=(ConfigBlock&&) = default;
  ~ConfigBlock();

  ConfigSection section() const { return section_; }
  const std::vector<std::string>& lines() const { return lines_; }  // each with its end

  // At the end of the block.
  void Push(std::string line) { lines_.push_back(std::move(line)); }
  // Behind the last line that says something. `end` is the file's end of a line.
  void Append(std::string line, std::string_view end);
  void Remove(std::string_view key);  // every line of it
  // Calls `edit` for each line of `key`; the line goes where that returns false.
  void EditLines(std::string_view key, absl::FunctionRef<bool(std::string*)> edit);
  // The last line of `key`, or null. Good until the block is changed.
  std::string* FindLast(std::string_view key);
  // The last line gets an end if it has none.
  void EndLastLine(std::string_view end);

  // The section goes with the comments that are its own. Comments stay that may be about something
  // else, as does everything behind the section's last setting that is no mark of its end.
  void RemoveSection();
  // Settings and comments go to `into`, where each setting replaces those of its key; the lines of
  // `left_out` keys go.
  void MergeInto(ConfigBlock* into, std::string_view end,
                 absl::FunctionRef<bool(std::string_view key)> left_out);

 private:
  friend std::list<ConfigBlock> ReadConfigBlocks(std::string_view text);
  void Clear();

  ConfigSection section_;
  std::vector<std::string> lines_;
};

// The lines of all blocks together are `text`.
std::list<ConfigBlock> ReadConfigBlocks(std::string_view text);

// "\n" or "\r\n"; empty for a line without an end.
std::string_view EndOfLine(std::string_view line);
// Of a line that sets something; a comment behind it stays.
void ReplaceValue(std::string_view value, std::string* line);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_CONFIG_BLOCKS_H_
