#include "platform/observe/log_line.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "platform/observe/line_splitter.h"

namespace ringwire::platform {
namespace {

TEST(LogLineTest, KnowsTheSeverityOfTextAndJson) {
  EXPECT_EQ(SeverityOf("2026-11-30T16:37:17.276 error wg0: no"), 3);
  EXPECT_EQ(SeverityOf("2026-11-30T16:37:17.276 warning wg0: hm"), 4);
  EXPECT_EQ(SeverityOf("2026-11-30T16:37:17.276 info wg0: link up"), 6);
  EXPECT_EQ(SeverityOf("2026-11-30T16:37:17.276 debug wg0: x"), 7);
  EXPECT_EQ(SeverityOf(R"({"time":"2026-11-30T16:37:17.276Z","level":"error","message":"no"})"), 3);
}

TEST(LogLineTest, TakesALineOfAnotherProgramForInfo) {
  for (const char* const line : {"error: of a hook", "", "2026-11-30 error", R"(a "level":"error")",
                                 "2026-11-30T16:37:17.276 "}) {
    EXPECT_EQ(SeverityOf(line), 6) << line;
  }
}

TEST(LogLineTest, LeavesOutOnlyItsOwnTime) {
  EXPECT_EQ(WithoutTime("2026-11-30T16:37:17.276 info wg0: link up"), "info wg0: link up");
  EXPECT_EQ(WithoutTime("2026-11-30 a hook's"), "2026-11-30 a hook's");
}

TEST(LogLineTest, ReplacesWhatATerminalWouldObey) {
  EXPECT_EQ(Printable("a\tb\x1b[31m\x07\x7f\r é"), "a\tb?[31m??? é");
}

std::vector<std::string> Lines(const std::vector<std::string>& pieces) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  const auto take = [&lines](std::string_view line) { lines.emplace_back(line); };
  for (const std::string& piece : pieces) splitter.Add(piece, take);
  splitter.Finish(take);
  return lines;
}

TEST(LineSplitterTest, JoinsPiecesAndKeepsEmptyLines) {
  EXPECT_EQ(Lines({"a", "b\n\nc", "\n"}), (std::vector<std::string>{"ab", "", "c"}));
}

TEST(LineSplitterTest, TakesALastLineWithoutAnEnd) {
  EXPECT_EQ(Lines({"a\nb"}), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Lines({"a\n"}), (std::vector<std::string>{"a"}));
}

TEST(LineSplitterTest, CutsALongLineAndLosesNothing) {
  const std::string text(2 * LineSplitter::kLineBytesMax + 5, 'x');
  const std::vector<std::string> lines = Lines({text + "\n", "y\n"});
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0] + lines[1] + lines[2], text);
  EXPECT_EQ(lines[3], "y");
}

TEST(LineSplitterTest, ALineOfExactlyTheMaximumIsOne) {
  const std::string text(LineSplitter::kLineBytesMax, 'x');
  EXPECT_EQ(Lines({text + "\ny\n"}), (std::vector<std::string>{text, "y"}));
}

}  // namespace
}  // namespace ringwire::platform
