#include "platform/app/mistyped_command.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

const std::vector<std::string> kCommands = {"run",    "up",     "down",  "reload", "save",
                                            "show",   "check",  "strip", "forget", "genkey",
                                            "genpsk", "pubkey", "exec"};

std::string Why(std::string_view word) { return WhyNoInterface(word, kCommands); }

TEST(MistypedCommandTest, WordsOfOtherToolsAreNoInterfacesAndSayWhatToType) {
  EXPECT_EQ(Why("status"), "unknown command `status`; did you mean `ringwire show`?");
  EXPECT_EQ(Why("stop"), "unknown command `stop`; did you mean `ringwire down IFNAME`?");
  EXPECT_EQ(Why("start"), "unknown command `start`; did you mean `ringwire up CONFIG`?");
  EXPECT_EQ(Why("doctor"), "unknown command `doctor`");
  for (const char* const word :
       {"list", "ls", "ps", "restart", "peers", "syncconf", "setconf", "log", "logs", "STATUS",
        "remove", "delete", "version", "info", "enable", "health", "exporter", "wg-quick"}) {
    EXPECT_NE(Why(word), "") << word;
  }
}

TEST(MistypedCommandTest, NearMissesOfCommandsNameTheCommand) {
  for (const auto& [word, command] : std::vector<std::pair<std::string, std::string>>{
           {"reolad", "reload"}, {"relod", "reload"},   {"rleoad", "reload"}, {"RELOAD", "reload"},
           {"dwon", "down"},     {"donw", "down"},      {"dow", "down"},      {"shwo", "show"},
           {"shw", "show"},      {"sohw", "show"},      {"saev", "save"},     {"sav", "save"},
           {"chekc", "check"},   {"chek", "check"},     {"rnu", "run"},       {"rn", "run"},
           {"pu", "up"},         {"UP", "up"},          {"genkye", "genkey"}, {"gnekey", "genkey"},
           {"genpks", "genpsk"}, {"pubkeys", "pubkey"}, {"forgte", "forget"}, {"exce", "exec"},
           {"strpi", "strip"},   {"srtip", "strip"}}) {
    EXPECT_EQ(Why(word),
              "unknown command `" + word + "`; did you mean `ringwire " + command + "`?");
  }
}

TEST(MistypedCommandTest, ConfigurationFilesAreNoInterfaces) {
  EXPECT_EQ(Why("office.conf"),
            "`office.conf` is a configuration file; did you mean `ringwire up office.conf`?");
  EXPECT_NE(Why("office.conf.bak"), "");
}

TEST(MistypedCommandTest, NamesThatInterfacesHaveStayNames) {
  for (const char* const word :
       {"wg0",     "wg1",    "tun0",     "tun",  "tap",    "lan",    "wan",     "vpn",
        "home",    "office", "work",     "corp", "berlin", "town",   "gateway", "server",
        "remote",  "client", "hub",      "dmz",  "up0",    "run1",   "show2",   "wgup",
        "mullvad", "se-mma", "nordlynx", "utun", "us",     "de",     "o",       "x",
        "road",    "north",  "test",     "lab",  "dev",    "backup", "node",    "mesh"}) {
    EXPECT_EQ(Why(word), "") << word;
  }
}

}  // namespace
}  // namespace ringwire::platform
