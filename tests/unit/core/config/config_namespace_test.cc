#include <string>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

// The one error of a whole file, without its name.
std::string TextError(std::string_view text) {
  const auto parse = ParseConfigFile(text);
  return parse.errors.size() == 1 ? parse.errors[0].ToString("") : "not one error";
}

std::string NamespaceOf(std::string_view text) {
  const ConfigParse parse = ParseConfigFile(text);
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return parse.config.gateway.network_namespace;
}

TEST(ConfigFileTest, ANamespaceIsANameThatIpNetnsTakes) {
  for (const char* const name : {"blue", "a", "0", "cni-1234", "x@y:z_=+.b"}) {
    EXPECT_EQ(NamespaceOf(fmt::format("[Gateway]\nNamespace = {}\n", name)), name);
  }
  EXPECT_EQ(NamespaceOf("[Gateway]\n"), "");
  const std::string longest(200, 'n');
  EXPECT_EQ(NamespaceOf("[Gateway]\nnamespace=" + longest), longest);
  for (const char* const name :
       {".", "..", ".a", "-a", "a/b", "/run/netns/a", "a b", "a;b", "a'b", "$a", "\xC3\xA4"}) {
    const std::string error = TextError(fmt::format("[Gateway]\n  Namespace =  {}\n", name));
    EXPECT_TRUE(
        error.starts_with(":2:16: Namespace must be a name as `ip netns` takes it (1 to 200 "
                          "of a-z A-Z 0-9 _ = + . @ : -, the first no . or -), not "))
        << name << error;
  }
  EXPECT_EQ(TextError("[Gateway]\nNamespace = " + longest + "n\n").substr(0, 6), ":2:13:");
  EXPECT_EQ(TextError("[Gateway]\nNamespace =\n"), ":2:12: Namespace has no value");
  EXPECT_EQ(TextError("[Interface]\nNamespace = blue\n"),
            ":2:1: Namespace belongs in [Gateway], not in [Interface]");
}

}  // namespace
}  // namespace ringwire
