#include <initializer_list>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "platform/app/commands.h"

namespace ringwire::platform {
namespace {

size_t ExecWordsOf(std::initializer_list<const char*> words) {
  std::vector<char*> pointers;
  for (const char* const word : words) pointers.push_back(const_cast<char*>(word));
  return ExecWords(pointers);
}

TEST(ExecWordsTest, EndBehindTheInterfaceAndItsDashes) {
  EXPECT_EQ(ExecWordsOf({"ringwire", "exec", "wg0", "--", "curl", "-s", "--", "x"}), 4u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "exec", "wg0", "curl", "--help"}), 3u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "exec", "wg0", "--", "--odd"}), 4u);
}

TEST(ExecWordsTest, AreAllWordsOfWhateverIsNoProgramToRun) {
  EXPECT_EQ(ExecWordsOf({"ringwire"}), 1u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "exec"}), 2u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "exec", "wg0"}), 3u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "exec", "wg0", "--"}), 4u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "exec", "--help", "curl", "-s"}), 5u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "exec", "wg0", "--help", "curl"}), 5u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "show", "wg0", "--json"}), 4u);
  EXPECT_EQ(ExecWordsOf({"ringwire", "--", "exec", "wg0", "x"}), 5u) << "an interface named exec";
}

}  // namespace
}  // namespace ringwire::platform
