#include <string>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

KillSwitch KillSwitchOf(std::string_view value) {
  const ConfigParse parse = ParseConfigFile(fmt::format("[Gateway]\nKillSwitch = {}\n", value));
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return parse.config.gateway.kill_switch;
}

TEST(KillSwitchConfigTest, AKillSwitchLetsThroughWhatItIsAskedForInAnyOrder) {
  EXPECT_EQ(ParseConfigFile("[Gateway]\n").config.gateway.kill_switch, KillSwitch());
  EXPECT_EQ(KillSwitchOf("off"), KillSwitch());
  EXPECT_EQ(KillSwitchOf("on"), (KillSwitch{true, false, false}));
  EXPECT_EQ(KillSwitchOf("on, dns"), (KillSwitch{true, false, true}));
  EXPECT_EQ(KillSwitchOf("ON , Local"), (KillSwitch{true, true, false}));
  EXPECT_EQ(KillSwitchOf("dns,local , on"), (KillSwitch{true, true, true}));
  EXPECT_EQ(KillSwitchOf("on, dns\nKillSwitch = on, local"), (KillSwitch{true, true, false}))
      << "the last line counts";
}

TEST(KillSwitchConfigTest, AKillSwitchThatIsNotSurelyOnOrOffIsAnError) {
  const auto error = [](std::string_view value) {
    const auto parse = ParseConfigFile(fmt::format("[Gateway]\nKillSwitch = {}\n", value));
    EXPECT_EQ(parse.config.gateway.kill_switch, KillSwitch()) << value;
    return parse.errors.size() == 1 ? parse.errors[0].ToString("") : "not one error";
  };
  EXPECT_EQ(error("yes"),
            ":2:14: KillSwitch must be off, or on with local and dns as wanted (like 'on, dns'), "
            "not 'yes'");
  EXPECT_EQ(error("on, lan"),
            ":2:18: KillSwitch must be off, or on with local and dns as wanted (like 'on, dns'), "
            "not 'lan'");
  EXPECT_EQ(error("dns"),
            ":2:14: KillSwitch says what to let through but not whether it is on; did you mean "
            "'on, local' or 'on, dns'?");
  EXPECT_EQ(error("on, off"), ":2:14: KillSwitch is either on or off");
  EXPECT_EQ(error("off, dns"),
            ":2:14: KillSwitch = off lets everything through; local and dns go with on");
  EXPECT_EQ(error(","),
            ":2:14: KillSwitch says what to let through but not whether it is on; did you mean "
            "'on, local' or 'on, dns'?");
  EXPECT_EQ(error(""), ":2:13: KillSwitch has no value");
}

}  // namespace
}  // namespace ringwire
