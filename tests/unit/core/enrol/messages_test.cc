#include "core/enrol/messages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/enrol/message_files.h"

namespace ringwire::enrol {
namespace {

crypto::PublicKey Key(uint8_t byte) {
  crypto::PublicKey key;
  key.fill(byte);
  return key;
}

crypto::Secret<32> SecretOf(uint8_t byte) { return crypto::Secret<32>(Key(byte)); }

std::vector<IpAddress> Addresses() {
  return {*IpAddress::Parse("10.8.0.7"), *IpAddress::Parse("fd00::7")};
}

Login FullLogin() {
  return {7,       *IpAddress::Parse("2001:db8::1"), Key(1), SecretOf(2), "alice's laptop",
          "alice", SecretBytes("a pass\x01phrase")};
}

TEST(EnrolMessagesTest, ALoginComesBackAsItWas) {
  const SecretBytes bytes = EncodeMessage(PortalToRegistrar(FullLogin()));
  const auto back = DecodeMessage<PortalToRegistrar>(bytes.view());
  ASSERT_TRUE(back.has_value());
  const Login& login = std::get<Login>(*back);
  EXPECT_EQ(login.id, 7U);
  EXPECT_EQ(login.source.ToString(), "2001:db8::1");
  EXPECT_EQ(login.public_key, Key(1));
  EXPECT_EQ(login.preshared_key, SecretOf(2));
  EXPECT_EQ(login.device, "alice's laptop");
  EXPECT_EQ(login.user, "alice");
  EXPECT_EQ(login.password.view(), "a pass\x01phrase");
}

TEST(EnrolMessagesTest, AVerdictComesBackAsItWas) {
  Verdict verdict{9, VerdictCode::kGranted, EndReason::kNone, 0, GivenLease()};
  verdict.given->token = SecretOf(3);
  verdict.given->addresses = Addresses();
  verdict.given->expires_in_s = 3600;
  const auto back =
      DecodeMessage<RegistrarToPortal>(EncodeMessage(RegistrarToPortal(verdict)).view());
  ASSERT_TRUE(back.has_value());
  const Verdict& read = std::get<Verdict>(*back);
  EXPECT_EQ(read.code, VerdictCode::kGranted);
  ASSERT_TRUE(read.given.has_value());
  EXPECT_EQ(read.given->token, SecretOf(3));
  EXPECT_EQ(read.given->addresses, Addresses());
  EXPECT_EQ(read.given->expires_in_s, 3600U);
}

TEST(EnrolMessagesTest, MessagesWithoutFieldsKeepTheirKind) {
  const auto back =
      DecodeMessage<SupervisorToRegistrar>(EncodeMessage(SupervisorToRegistrar(NewUsers())).view());
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(std::holds_alternative<NewUsers>(*back));
}

// A sender that was taken over cuts messages short and appends to them.
TEST(EnrolMessagesTest, RefusesEveryTruncationAndBytesBehind) {
  const SecretBytes whole = EncodeMessage(PortalToRegistrar(FullLogin()));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(DecodeMessage<PortalToRegistrar>(whole.view().substr(0, size)).has_value());
  }
  EXPECT_FALSE(DecodeMessage<PortalToRegistrar>(std::string(whole.view()) + "x").has_value());
}

TEST(EnrolMessagesTest, RefusesKindsOfOtherSets) {
  std::string bytes(EncodeMessage(PortalToRegistrar(FullLogin())).view());
  EXPECT_FALSE(DecodeMessage<RegistrarToPortal>(bytes).has_value());
  bytes[0] = static_cast<char>(std::variant_size_v<PortalToRegistrar>);
  EXPECT_FALSE(DecodeMessage<PortalToRegistrar>(bytes).has_value());
}

TEST(EnrolMessagesTest, RefusesFieldsBeyondTheirBounds) {
  Login login = FullLogin();
  login.password = SecretBytes(std::string(kPasswordBytesMax, 'p'));
  EXPECT_FALSE(EncodeMessage(PortalToRegistrar(login)).empty());
  login.password = SecretBytes(std::string(kPasswordBytesMax + 1, 'p'));
  EXPECT_TRUE(EncodeMessage(PortalToRegistrar(login)).empty());
  login = FullLogin();
  login.device = "two\nlines";
  EXPECT_TRUE(EncodeMessage(PortalToRegistrar(login)).empty());
}

// The same in bytes that no writer of ours makes.
TEST(EnrolMessagesTest, RefusesBytesThatNoWriterMakes) {
  const std::string bytes(EncodeMessage(PortalToRegistrar(FullLogin())).view());
  const size_t device = bytes.find("alice's laptop");
  ASSERT_NE(device, std::string::npos);
  std::string changed = bytes;
  changed[device] = '\x1b';
  EXPECT_FALSE(DecodeMessage<PortalToRegistrar>(changed).has_value()) << "an escape sequence";
  changed = bytes;
  changed[device - 1] = '\x7f';  // the greatest byte of the count
  EXPECT_FALSE(DecodeMessage<PortalToRegistrar>(changed).has_value()) << "a wrong count";
  changed = bytes;
  changed[5] = 5;  // the family of the source
  EXPECT_FALSE(DecodeMessage<PortalToRegistrar>(changed).has_value()) << "no such family";
  std::string verdict(EncodeMessage(RegistrarToPortal(Verdict())).view());
  verdict[5] = static_cast<char>(VerdictCode::kLast) + 1;
  EXPECT_FALSE(DecodeMessage<RegistrarToPortal>(verdict).has_value()) << "no such code";
}

UserTable OneUser() {
  User user{"bob", "$y$j9T$salt$hash", {*Prefix::Parse("10.9.0.0/24")}, 3, 1800000000, true};
  return {{user}};
}

TEST(EnrolMessagesTest, FilesComeBackAsTheyWere) {
  const SecretBytes bytes = EncodeFile(OneUser());
  const auto back = DecodeFile<UserTable>(bytes.view());
  ASSERT_TRUE(back.has_value());
  ASSERT_EQ(back->users.size(), 1U);
  const User& user = back->users.front();
  EXPECT_EQ(user.name, "bob");
  EXPECT_EQ(user.hash, "$y$j9T$salt$hash");
  EXPECT_EQ(user.networks.front().ToString(), "10.9.0.0/24");
  EXPECT_EQ(user.devices_max, 3U);
  EXPECT_EQ(user.until, 1800000000);
  EXPECT_TRUE(user.is_disabled);
}

TEST(EnrolMessagesTest, PortalSettingsComeBackAsTheyWere) {
  PortalSettings settings;
  settings.server_names = {"vpn.example.net", "192.0.2.1"};
  settings.post_quantum = PostQuantum::kRequire;
  settings.chain = "-----BEGIN CERTIFICATE-----\n";
  settings.pushed.routes = {*Prefix::Parse("::/0")};
  settings.pushed.dns_domains = {"~corp.example"};
  settings.pushed.mtu = 1420;
  const auto back = DecodeFile<PortalSettings>(EncodeFile(settings).view());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->server_names, settings.server_names);
  EXPECT_EQ(back->post_quantum, PostQuantum::kRequire);
  EXPECT_EQ(back->chain, settings.chain);
  EXPECT_EQ(back->pushed.routes, settings.pushed.routes);
  EXPECT_EQ(back->pushed.dns_domains, settings.pushed.dns_domains);
  EXPECT_EQ(back->pushed.mtu, 1420);
}

// Otherwise a few bytes would make the reader reserve gigabytes.
TEST(EnrolMessagesTest, ACountAloneReservesNothing) {
  const uint32_t count = kUsersMax;
  std::string bytes(4, '\0');
  std::copy_n(reinterpret_cast<const char*>(&count), 4, bytes.data());
  EXPECT_FALSE(DecodeFile<UserTable>(bytes).has_value());
}

TEST(EnrolMessagesTest, RefusesAPrefixWithHostBits) {
  std::string bytes(EncodeFile(OneUser()).view());
  const size_t network = bytes.find(std::string("\x0a\x09\x00\x00\x18", 5));
  ASSERT_NE(network, std::string::npos);
  bytes[network + 3] = 1;
  EXPECT_FALSE(DecodeFile<UserTable>(bytes).has_value());
}

}  // namespace
}  // namespace ringwire::enrol
