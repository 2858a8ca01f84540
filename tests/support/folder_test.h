#ifndef RINGWIRE_TESTS_SUPPORT_FOLDER_TEST_H_
#define RINGWIRE_TESTS_SUPPORT_FOLDER_TEST_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace ringwire {

// A test with an empty folder of its own, which is removed with everything in it.
class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    std::string pattern = testing::TempDir() + "ringwire.XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
  }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SUPPORT_FOLDER_TEST_H_
