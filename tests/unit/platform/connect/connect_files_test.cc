#include "platform/connect/connect_files.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class ConnectFilesTest : public FolderTest {
 protected:
  ConnectFiles Files(const std::string& host = "vpn.example.net", uint16_t port = 443) const {
    return ConnectFiles(folder_ + "/state", {host, port});
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  static std::string TextOf(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  crypto::SystemRandom random_;
};

ConnectFiles::Session AliceSession() {
  ConnectFiles::Session session{"alice", {}};
  session.token.bytes()[31] = 5;
  return session;
}

TEST_F(ConnectFilesTest, MakesAKeyOnceThatOnlyItsOwnerReads) {
  const auto key = Files().LoadOrMakeKey(random_);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_FALSE(key->IsZero());
  EXPECT_EQ(ModeOf(Files().key_path()), 0600u);
  EXPECT_EQ(ModeOf(folder_ + "/state/connect"), 0700u);
  EXPECT_TRUE(*key == *Files().LoadOrMakeKey(random_));
}

TEST_F(ConnectFilesTest, EachServerHasItsOwnKey) {
  EXPECT_NE(Files().key_path(), Files("vpn.example.com").key_path());
  EXPECT_NE(Files().key_path(), Files("vpn.example.net", 8443).key_path());
  EXPECT_EQ(Files().key_path(), Files("VPN.Example.net").key_path());
  EXPECT_EQ(Files("../../etc/x").key_path(), folder_ + "/state/connect/.._.._etc_x.key");
}

TEST_F(ConnectFilesTest, NeverReplacesAFileThatIsNoKey) {
  ASSERT_TRUE(Files().LoadOrMakeKey(random_).ok());
  std::ofstream(Files().key_path()) << "precious";
  EXPECT_FALSE(Files().LoadOrMakeKey(random_).ok());
  EXPECT_EQ(TextOf(Files().key_path()), "precious");
}

TEST_F(ConnectFilesTest, KeepsASession) {
  EXPECT_FALSE(Files().LoadSession().has_value());
  ASSERT_TRUE(Files().SaveSession(AliceSession()).ok());
  EXPECT_EQ(ModeOf(folder_ + "/state/connect/vpn.example.net.lease"), 0600u);
  const auto session = Files().LoadSession();
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(session->user, "alice");
  EXPECT_TRUE(session->token == AliceSession().token);
  Files().RemoveSession();
  EXPECT_FALSE(Files().LoadSession().has_value());
}

TEST_F(ConnectFilesTest, ABrokenSessionIsNone) {
  ASSERT_TRUE(Files().SaveSession(AliceSession()).ok());
  const std::string path = folder_ + "/state/connect/vpn.example.net.lease";
  const std::string whole = TextOf(path);
  for (size_t size = 0; size < whole.size() - 6; ++size) {
    std::ofstream(path) << whole.substr(0, size);
    EXPECT_FALSE(Files().LoadSession().has_value()) << size;
  }
}

}  // namespace
}  // namespace ringwire::platform
