#include "platform/names/name_cache.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "platform/base/read_file.h"

namespace ringwire::platform {
namespace {

std::vector<SocketAddress> Addresses(std::initializer_list<const char*> texts) {
  std::vector<SocketAddress> addresses;
  for (const char* const text : texts) addresses.push_back({*IpAddress::Parse(text), 0, 0});
  return addresses;
}

// As if nobody knew any name.
absl::StatusOr<std::vector<SocketAddress>> Nobody(const NameQuestion& question) {
  EXPECT_TRUE(question.hosts_only);
  return absl::NotFoundError("not in the hosts file");
}

TEST(NameCacheTest, BehindAKillSwitchWhatIsKnownHasToDo) {
  NameCache source(&Nobody);
  source.SetRules({.mark = 1, .servers = "127.0.0.1:53", .may_ask = false});
  const auto unknown = source.LookUp("gateway.example");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(unknown.status().ToString().find("KillSwitch = on, dns"), std::string::npos);
  source.SetKnown({{"gateway.example", Addresses({"192.0.2.1"})}});
  const auto known = source.LookUp("gateway.example");
  ASSERT_TRUE(known.ok());
  EXPECT_EQ(*known, Addresses({"192.0.2.1"}));
}

TEST(NameCacheTest, AsksAsTheRulesSay) {
  std::vector<NameQuestion> asked;
  NameCache source([&](const NameQuestion& question) {
    asked.push_back(question);
    return absl::StatusOr<std::vector<SocketAddress>>(Addresses({"192.0.2.1"}));
  });
  EXPECT_TRUE(source.LookUp("a.example").ok());
  source.SetRules({.mark = 7, .servers = "192.0.2.53:53"});
  EXPECT_TRUE(source.LookUp("b.example").ok());
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].host, "a.example");
  EXPECT_EQ(asked[0].mark, 0U);
  EXPECT_FALSE(asked[0].servers.empty()) << "those of the host";
  EXPECT_EQ(asked[1].mark, 7U);
  EXPECT_EQ(asked[1].servers, "192.0.2.53:53");
  EXPECT_FALSE(asked[1].hosts_only);
}

TEST(KnownNamesTest, ComeBackFromTheirFile) {
  const std::string path = testing::TempDir() + "/known.names";
  const KnownNames known = {{"a.example", Addresses({"192.0.2.1", "2001:db8::1"})},
                            {"b \"c\"\n", Addresses({"192.0.2.2"})}};
  ASSERT_TRUE(SaveKnownNames(path, known).ok());
  EXPECT_EQ(LoadKnownNames(path), known);
  ASSERT_TRUE(SaveKnownNames(path, {{"\xff", Addresses({"192.0.2.1"})}}).ok());
  EXPECT_FALSE(LoadKnownNames(path).contains("\xff")) << "it is no UTF-8";
  ASSERT_TRUE(SaveKnownNames(path, {}).ok());
  EXPECT_EQ(LoadKnownNames(path), KnownNames());
  ::unlink(path.c_str());
}

TEST(KnownNamesTest, AFileOfANewerFormatIsAsNone) {
  const std::string path = testing::TempDir() + "/newer.names";
  ASSERT_TRUE(SaveKnownNames(path, {{"a.example", Addresses({"192.0.2.1"})}}).ok());
  EXPECT_EQ(ReadFile(path).value_or(""),
            R"({"names":{"a.example":["192.0.2.1"]},"ringwire_names":1})");
  std::ofstream(path) << R"({"names":{"a.example":["192.0.2.1"]},"ringwire_names":2})";
  EXPECT_EQ(LoadKnownNames(path), KnownNames());
  ::unlink(path.c_str());
}

TEST(KnownNamesTest, AFileOfAnythingElseIsAsNone) {
  const std::string path = testing::TempDir() + "/bad.names";
  for (const char* const text : {"", "x", "[]", "7", "{\"a\":7}", "{\"a\":[7,\"x\"]}", "{\"a\""}) {
    std::ofstream(path) << text;
    EXPECT_EQ(LoadKnownNames(path), KnownNames()) << text;
  }
  ::unlink(path.c_str());
  EXPECT_EQ(LoadKnownNames(path), KnownNames());
  EXPECT_FALSE(SaveKnownNames("/nonexistent/x.names", {}).ok());
}

}  // namespace
}  // namespace ringwire::platform
