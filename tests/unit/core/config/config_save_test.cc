#include "core/config/config_save.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/device/key_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

constexpr std::string_view kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
constexpr std::string_view kOther = "UCwJDg0CRkOqeVtfk5GmPnAIgVzVcGQvMBDqOXw5+Ew=";
constexpr std::string_view kAnna = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
constexpr std::string_view kBert = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
constexpr std::string_view kCleo = "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=";
constexpr std::string_view kPreshared = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=";

ConfigFile MustParse(std::string_view text) {
  ConfigParse parse = ParseConfigFile(text);
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

// A file whose device is in the state that `device`, a text for wg, describes. It was loaded from
// `loaded`, which is the same file unless a test says otherwise.
SavedConfig Save(std::string_view text, std::string_view device, std::string_view loaded = {},
                 uint32_t chosen_fwmark = 0) {
  const ConfigFile file = MustParse(text);
  const ConfigFile before = loaded.empty() ? file : MustParse(loaded);
  const ConfigFile state = MustParse(device);
  SavedConfig saved = SaveConfig({text, file, before, state, chosen_fwmark});
  const ConfigFile after = MustParse(saved.text);
  EXPECT_EQ(SaveConfig({saved.text, after, before, state, chosen_fwmark}).text, saved.text)
      << "what was saved is the device's state";
  return saved;
}

std::string Interface(std::string_view lines) {
  return fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 51820\n{}", kPrivate, lines);
}

std::string Peer(std::string_view key, std::string_view lines) {
  return fmt::format("\n[Peer]\nPublicKey = {}\n{}", key, lines);
}

TEST(ConfigSaveTest, SavesTheStateIfTheLastWordIsTrue) {
  EXPECT_FALSE(MustParse("[Interface]\n# SaveConfig = true\n").save_config);
  EXPECT_TRUE(MustParse("[Interface]\nSaveConfig=false\n saveconfig = TRUE # yes\n").save_config);
  EXPECT_FALSE(MustParse("[Interface]\nSaveConfig = true\nSaveConfig = false\n").save_config);
  const ConfigParse parse = ParseConfigFile("[Interface]\nSaveConfig = maybe\n");
  ASSERT_EQ(parse.errors.size(), 1U);
  EXPECT_EQ(parse.errors[0].ToString(""), ":2:14: SaveConfig must be true or false, not 'maybe'");
}

TEST(ConfigSaveTest, ADeviceThatIsAsItsFileSaysChangesNothing) {
  const std::string text = fmt::format(
      "\xEF\xBB\xBF# ours\r\n[interface]\r\n\tPRIVATEKEY={}\r\nListenPort = 51820 # as ever\r\n"
      "FwMark = off\r\nAddress = 10.0.0.1/24,,fd00::1/64\r\nDNS = 1.1.1.1, corp\r\nMTU = 1380\r\n"
      "Table = off\r\nSaveConfig = true\r\nPostUp = echo '#' a=b > /dev/null # %i\r\n\r\n"
      "# Anna's\r\n[Peer]\r\nPublicKey = {}\r\nAllowedIPs = 10.0.0.2, 10.0.1.7/24\r\n"
      "AllowedIPs=\r\nAllowedIPs = fd00::2/128\r\nEndpoint = 192.0.2.7:051820\r\n"
      "PersistentKeepalive = off\r\nName = Anna\r\n[Gateway]\r\nForward = off",
      kPrivate, kAnna);
  const SavedConfig saved =
      Save(text, Interface(Peer(kAnna,
                                "AllowedIPs = 10.0.1.0/24, fd00::2/128, 10.0.0.2/32\n"
                                "Endpoint = 192.0.2.7:51820\n")));
  EXPECT_EQ(saved.text, text);
  EXPECT_TRUE(saved.warnings.empty());
}

TEST(ConfigSaveTest, WritesWhatIsOtherwiseOnTheDeviceAndKeepsCommentsAndSpelling) {
  const std::string text = fmt::format(
      "[Interface]\nprivatekey={}   # secret\nListenPort = 1\nListenPort =  2# two\nFwMark = 7\n"
      "PostUp = echo ListenPort = 9\n\n"
      "# Anna's\n[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.2/32 # laptop\nAllowedIPs = fd00::2\n"
      "Endpoint = 192.0.2.7:51820\n# the end\n\n",
      kPrivate, kAnna);
  const SavedConfig saved =
      Save(text, fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 51820\n{}", kOther,
                             Peer(kAnna, fmt::format("PresharedKey = {}\nAllowedIPs = 10.0.0.3/32\n"
                                                     "Endpoint = [2001:db8::1]:9\n"
                                                     "PersistentKeepalive = 25\n",
                                                     kPreshared))));
  EXPECT_EQ(saved.text,
            fmt::format("[Interface]\nprivatekey={}   # secret\nListenPort =  51820# two\n"
                        "PostUp = echo ListenPort = 9\n\n"
                        "# Anna's\n[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.3/32\n"
                        "Endpoint = [2001:db8::1]:9\nPresharedKey = {}\n"
                        "PersistentKeepalive = 25\n# the end\n\n",
                        kOther, kAnna, kPreshared));
}

TEST(ConfigSaveTest, TakesOutWhatTheDeviceHasNoMore) {
  const std::string text =
      Interface("FwMark = 0x10\n" +
                Peer(kAnna, fmt::format("PresharedKey = {}\nAllowedIPs = 10.0.0.2/32\n"
                                        "Endpoint = 192.0.2.7:1\nPersistentKeepalive = 25\n",
                                        kPreshared)));
  const SavedConfig saved =
      Save(text, "[Interface]\nListenPort = 51820\n" + Peer(kAnna, "Endpoint = 192.0.2.7:1\n"));
  EXPECT_EQ(saved.text,
            "[Interface]\nListenPort = 51820\n" + Peer(kAnna, "Endpoint = 192.0.2.7:1\n"));
}

TEST(ConfigSaveTest, PeersComeAndGoWithTheirComments) {
  const std::string text =
      Interface("\n# Anna,\n# on the road\n[Peer]\nPublicKey = " + std::string(kAnna) +
                "\n\n# Bert\n[Peer] # of Bert\nPublicKey = " + std::string(kBert) +
                "\nAllowedIPs = 10.0.0.3");
  const SavedConfig saved =
      Save(text, Interface(Peer(kCleo, fmt::format("PresharedKey = {}\nAllowedIPs = 10.0.0.4/32, "
                                                   "fd00::4/128\nEndpoint = 192.0.2.9:7\n"
                                                   "PersistentKeepalive = 5\n",
                                                   kPreshared)) +
                           Peer(kBert, "AllowedIPs = 10.0.0.3/32\n")));
  EXPECT_EQ(saved.text,
            Interface("\n# Bert\n[Peer] # of Bert\nPublicKey = " + std::string(kBert) +
                      "\nAllowedIPs = 10.0.0.3\n" +
                      Peer(kCleo, fmt::format("PresharedKey = {}\nAllowedIPs = 10.0.0.4/32, "
                                              "fd00::4/128\nEndpoint = 192.0.2.9:7\n"
                                              "PersistentKeepalive = 5\n",
                                              kPreshared))));
}

TEST(ConfigSaveTest, APeerThatHasComeIntoTheFileSinceItWasLoadedStays) {
  const std::string loaded = Interface(Peer(kAnna, ""));
  const std::string text = loaded + Peer(kBert, "AllowedIPs = 10.0.0.3/32\n");
  EXPECT_EQ(Save(text, Interface(""), loaded).text,
            Interface(Peer(kBert, "AllowedIPs = 10.0.0.3/32\n")));
}

TEST(ConfigSaveTest, TheDeviceItselfAsAPeerStays) {
  crypto::PrivateKey key;
  ASSERT_TRUE(ParseKeyBase64(kPrivate, key.bytes()));
  const std::string own = KeyToBase64(crypto::PublicFromPrivate(key));
  const std::string text = Interface(Peer(own, "AllowedIPs = 10.0.0.1/32\n") + Peer(kAnna, ""));
  EXPECT_EQ(Save(text, Interface(Peer(kAnna, ""))).text, text);
}

TEST(ConfigSaveTest, ANameStaysAndAnEndpointThatWasNotThereIsWritten) {
  const std::string text = Interface(Peer(kAnna, "Endpoint = vpn.example.com:51820\n") +
                                     Peer(kBert, "PersistentKeepalive = 25\n"));
  EXPECT_EQ(Save(text, Interface(Peer(kAnna, "Endpoint = 192.0.2.7:51820\n") +
                                 Peer(kBert, "PersistentKeepalive = 25\nEndpoint = 192.0.2.8:9\n")))
                .text,
            Interface(Peer(kAnna, "Endpoint = vpn.example.com:51820\n") +
                      Peer(kBert, "PersistentKeepalive = 25\nEndpoint = 192.0.2.8:9\n")));
}

TEST(ConfigSaveTest, AMarkThatRingwireChoseIsNotSavedAndAnotherOneIs) {
  const std::string text = Interface("");
  EXPECT_EQ(Save(text, Interface("FwMark = 51820\n"), {}, 51820).text, text);
  EXPECT_EQ(Save(text, Interface("FwMark = 51821\n"), {}, 51820).text,
            Interface("FwMark = 0xca6d\n"));
}

TEST(ConfigSaveTest, AddressesThatCameAreAddedAndAGivenMtuIsSaved) {
  const std::string text = Interface("Address = 10.0.0.1/24, fd00::1/64\nMTU = 1400 # ours\n");
  EXPECT_EQ(Save(text, Interface("Address = 10.0.0.1/24, 10.0.1.1/24, fd01::1\nMTU = 1300\n")).text,
            Interface("Address = 10.0.0.1/24, fd00::1/64\nMTU = 1300 # ours\n"
                      "Address = 10.0.1.1/24, fd01::1/128\n"));
  EXPECT_EQ(Save(Interface(""), Interface("MTU = 1300\n")).text, Interface(""))
      << "one that ringwire chose";
}

TEST(ConfigSaveTest, AddressesThatWentAreTakenOutAndOnlyTheirLinesChange) {
  const std::string text =
      "[Interface]\nAddress = 10.0.0.1/24\nAddress = 10.0.1.1/24 # one\nADDRESS=fd00::1/64,, "
      "10.0.2.1,10.0.3.1/24  # three\r\nPostUp = echo Address = 10.0.1.1/24\n"
      "# Address = 10.0.2.1\n[Peer]\nPublicKey = " +
      std::string(kAnna) + "\n";
  const ConfigFile file = MustParse(text);
  ConfigFile state = file;
  const auto save = [&](std::vector<InterfaceAddress> gone) {
    for (const InterfaceAddress& address : gone) std::erase(state.addresses, address);
    return SaveConfig({text, file, file, state, 0, gone}).text;
  };
  EXPECT_EQ(save({}), text);
  const std::string kept =
      save({*InterfaceAddress::Parse("10.0.1.1/24"), *InterfaceAddress::Parse("10.0.2.1/32")});
  EXPECT_EQ(kept,
            "[Interface]\nAddress = 10.0.0.1/24\nADDRESS=fd00::1/64, 10.0.3.1/24  # three\r\n"
            "PostUp = echo Address = 10.0.1.1/24\n# Address = 10.0.2.1\n[Peer]\nPublicKey = " +
                std::string(kAnna) + "\n");
  EXPECT_EQ(MustParse(kept).addresses, state.addresses);
}

TEST(ConfigSaveTest, KeysInFilesOfTheirOwnStayThereAndADifferenceIsSaid) {
  const std::string text = "[Interface]\nPrivateKeyFile = /etc/a.key\nListenPort = 51820\n" +
                           Peer(kAnna, "PresharedKeyFile = /etc/b.psk\n");
  ConfigFile file = MustParse(text);
  file.private_key.emplace();
  ASSERT_TRUE(ParseKeyBase64(kPrivate, file.private_key->bytes()));
  file.peers[0].preshared_key.emplace();
  ASSERT_TRUE(ParseKeyBase64(kPreshared, file.peers[0].preshared_key->bytes()));
  const ConfigFile same =
      MustParse(Interface(Peer(kAnna, fmt::format("PresharedKey = {}\n", kPreshared))));
  SavedConfig saved = SaveConfig({text, file, file, same});
  EXPECT_EQ(saved.text, text);
  EXPECT_TRUE(saved.warnings.empty());
  const ConfigFile other =
      MustParse(fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 51820"
                            "\n[Peer]\nPublicKey = {}\n",
                            kOther, kAnna));
  saved = SaveConfig({text, file, file, other});
  EXPECT_EQ(saved.text, text);
  ASSERT_EQ(saved.warnings.size(), 2U);
  EXPECT_EQ(saved.warnings[0],
            "the preshared key in force of peer(xTIB…p8Dg) is not the one in /etc/b.psk, and was "
            "not saved");
  EXPECT_EQ(saved.warnings[1],
            "the private key in force is not the one in /etc/a.key, and was not saved");
}

TEST(ConfigSaveTest, SeveralSectionsOfAPeerBecomeOne) {
  const std::string text = Interface(
      Peer(kAnna, "AllowedIPs = 10.0.0.2/32\nPresharedKeyFile = /etc/b.psk\nName = Anna\n") +
      Peer(kBert, "") + "\n# second\n[Peer]\nPublicKey = " + std::string(kAnna) +
      "\nAllowedIPs = 10.0.0.3/32\nEndpoint = 192.0.2.7:1\nPresharedKey = " +
      std::string(kPreshared) + "\nName = Anna the second");
  const SavedConfig saved =
      Save(text, Interface(Peer(kAnna, fmt::format("PresharedKey = {}\nAllowedIPs = 10.0.0.3/32\n"
                                                   "Endpoint = 192.0.2.7:1\n",
                                                   kPreshared)) +
                           Peer(kBert, "")));
  EXPECT_EQ(saved.text,
            Interface(Peer(kAnna, fmt::format("AllowedIPs = 10.0.0.3/32\nEndpoint = 192.0.2.7:1\n"
                                              "PresharedKey = {}\nName = Anna the second\n"
                                              "# second\n",
                                              kPreshared)) +
                      Peer(kBert, "") + "\n"));
}

TEST(ConfigSaveTest, AFileWithoutAnInterfaceGetsOne) {
  for (const char* const text : {"# nothing\n", "# nothing"}) {
    EXPECT_EQ(Save(text, Interface("")).text,
              "# nothing\n[Interface]\nPrivateKey = " + std::string(kPrivate) +
                  "\nListenPort = 51820\n\n");
  }
}

TEST(ConfigSaveTest, OfSeveralInterfaceSectionsTheLastLineOfAKeyIsTheOne) {
  EXPECT_EQ(
      Save(Interface("[Interface]\nListenPort = 7\n[interface]\nMTU = 1400\n"),
           fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 9\nFwMark = 1\n", kPrivate))
          .text,
      fmt::format("[Interface]\nPrivateKey = {}\nFwMark = 0x1\n[Interface]\n"
                  "ListenPort = 9\n[interface]\nMTU = 1400\n",
                  kPrivate));
}

TEST(ConfigSaveTest, StateOfADeviceIsWhatWgShows) {
  DeviceStatus device;
  EXPECT_EQ(Strip(StateOf(device)), "[Interface]\n");
  device.private_key.emplace();
  ASSERT_TRUE(ParseKeyBase64(kPrivate, device.private_key->bytes()));
  device.listen_port = 51820;
  device.fwmark = 16;
  PeerStatus& peer = device.peers.emplace_back();
  ASSERT_TRUE(ParseKeyBase64(kAnna, peer.public_key));
  peer.endpoint = SocketAddress::Parse("[fe80::1%3]:9");
  peer.allowed_ips = {*Prefix::Parse("10.0.0.2/32"), *Prefix::Parse("fd00::/64")};
  peer.persistent_keepalive_seconds = 25;
  EXPECT_EQ(Strip(StateOf(device)),
            Interface("FwMark = 0x10\n" + Peer(kAnna,
                                               "AllowedIPs = 10.0.0.2/32, fd00::/64\n"
                                               "Endpoint = [fe80::1%3]:9\n"
                                               "PersistentKeepalive = 25\n")));
}

}  // namespace
}  // namespace ringwire
