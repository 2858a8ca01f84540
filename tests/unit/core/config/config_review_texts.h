#ifndef RINGWIRE_TESTS_UNIT_CORE_CONFIG_CONFIG_REVIEW_TEXTS_H_
#define RINGWIRE_TESTS_UNIT_CORE_CONFIG_CONFIG_REVIEW_TEXTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config_file.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

// What the parser says of a file, in lines.
namespace ringwire {

inline constexpr std::string_view kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
inline constexpr std::string_view kAnna = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
inline constexpr std::string_view kBert = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
inline constexpr std::string_view kZeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

using Texts = std::vector<std::string>;

inline Texts Lines(const std::vector<ConfigError>& messages) {
  Texts lines;
  for (const ConfigError& message : messages) lines.push_back(message.ToString(""));
  return lines;
}

// What is said of a good interface in lines 1 to 3, then `lines`; there must be no error.
inline Texts Warnings(std::string_view lines) {
  const ConfigParse parse = ParseConfigFile(
      fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 51820\n{}", kPrivate, lines));
  EXPECT_EQ(Lines(parse.errors), Texts());
  return Lines(parse.warnings);
}
// The one warning; the peer's [Peer] is behind `interface`.
inline std::string Warning(std::string_view interface, std::string_view peer) {
  const Texts all = Warnings(fmt::format("{}[Peer]\nPublicKey = {}\n{}", interface, kAnna, peer));
  return all.size() == 1 ? all[0] : fmt::format("{} warnings", all.size());
}
inline Texts Quiet() { return {}; }
inline Texts PeerWarnings(std::string_view interface, std::string_view peer) {
  return Warnings(fmt::format("{}[Peer]\nPublicKey = {}\n{}", interface, kAnna, peer));
}
inline Texts Errors(std::string_view text) { return Lines(ParseConfigFile(text).errors); }

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_UNIT_CORE_CONFIG_CONFIG_REVIEW_TEXTS_H_
