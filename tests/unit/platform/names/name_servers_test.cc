#include "platform/names/name_servers.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

// A folder with the files of a host.
class NameServersTest : public FolderTest {
 protected:
  void Write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ + path).parent_path());
    std::ofstream(folder_ + path) << text;
  }
  std::string Beside() const { return ReadNameServersBeside(tunnel_, folder_); }

  const TunnelServers tunnel_{{*IpAddress::Parse("10.77.0.53"), *IpAddress::Parse("fd77::53")},
                              "tun.wg0"};
};

TEST_F(NameServersTest, ThoseOfTheTunnelAreNotTheHostsOwn) {
  Write("/etc/resolv.conf", "nameserver 10.77.0.53\nnameserver fd77::53\nsearch lan\n");
  EXPECT_EQ(Beside(), "");
  Write("/etc/resolv.conf", "nameserver 172.16.9.1\nnameserver 10.77.0.53\n");
  EXPECT_EQ(Beside(), "172.16.9.1:53") << "a DHCP client has written the file since";
}

TEST_F(NameServersTest, ResolvedHasThemBehindItsStub) {
  Write("/etc/resolv.conf", "nameserver 127.0.0.53\n");
  Write("/run/systemd/resolve/resolv.conf",
        "nameserver 10.77.0.53\nnameserver 192.168.1.1\nnameserver 2001:db8::53\n");
  EXPECT_EQ(Beside(), "192.168.1.1:53,[2001:db8::53]:53");
}

TEST_F(NameServersTest, ResolvconfHasThemInTheRecordsOfOtherInterfaces) {
  Write("/etc/resolv.conf", "nameserver 10.77.0.53\n");
  for (const char* const folder : {"interface", "interfaces", "keys"}) {
    Write(std::string("/run/resolvconf/") + folder + "/tun.wg0", "nameserver 10.77.0.53\n");
    Write(std::string("/run/resolvconf/") + folder + "/eth0.dhclient",
          "domain lan\nnameserver 192.168.7.1\n");
    EXPECT_EQ(Beside(), "192.168.7.1:53") << folder;
    std::filesystem::remove_all(folder_ + "/run/resolvconf/" + folder);
  }
}

}  // namespace
}  // namespace ringwire::platform
