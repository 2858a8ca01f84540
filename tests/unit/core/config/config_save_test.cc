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
  const NamedValues before = NamedIn(loaded.empty() ? file : MustParse(loaded));
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
  const SavedConfig saved = Save(text, Interface(""), loaded);
  EXPECT_EQ(saved.text, Interface(Peer(kBert, "AllowedIPs = 10.0.0.3/32\n")));
  ASSERT_EQ(saved.warnings.size(), 1U);
  EXPECT_TRUE(saved.warnings[0].starts_with("peer " + std::string(kBert) + " is in the file"))
      << saved.warnings[0];
}

TEST(ConfigSaveTest, OfManyPeersThatOnlyTheFileHasEightAreNamed) {
  std::string text = Interface("");
  for (int i = 0; i < 20; ++i) {
    crypto::PublicKey key{};
    key[0] = static_cast<uint8_t>(i);
    text += Peer(KeyToBase64(key), "");
  }
  const SavedConfig saved = Save(text, Interface(""), Interface(""));
  EXPECT_EQ(saved.text, text);
  ASSERT_EQ(saved.warnings.size(), 9U);
  EXPECT_EQ(saved.warnings[8], "and so for 12 more peers");
}

// As installers mark what they have written, with no empty line in between.
std::string Marked(std::string_view name, std::string_view key) {
  return fmt::format(
      "# BEGIN_PEER {0}\n[Peer]\nPublicKey = {1}\nAllowedIPs = 10.0.0.{2}/32\n"
      "# END_PEER {0}\n",
      name, key, name.size());
}

TEST(ConfigSaveTest, APeerGoesWithTheMarksOfItsInstallerAndLeavesThoseOfItsNeighbours) {
  const std::string anna = Marked("anna", kAnna);
  const std::string bert = Marked("berta", kBert);
  const std::string cleo = Marked("cleo_2", kCleo);
  const auto on_device = [](std::string_view key, int last) {
    return Peer(key, fmt::format("AllowedIPs = 10.0.0.{}/32\n", last));
  };
  const std::string text = Interface(anna + bert + cleo);
  EXPECT_EQ(Save(text, Interface(on_device(kBert, 5) + on_device(kCleo, 6))).text,
            Interface(bert + cleo));
  EXPECT_EQ(Save(text, Interface(on_device(kAnna, 4) + on_device(kCleo, 6))).text,
            Interface(anna + cleo));
  EXPECT_EQ(Save(text, Interface(on_device(kAnna, 4) + on_device(kBert, 5))).text,
            Interface(anna + bert));
}

TEST(ConfigSaveTest, CommentsThatMayBeOfSomethingElseStayWhenAPeerGoes) {
  const std::string anna = "# Anna\n[Peer]\nPublicKey = " + std::string(kAnna) +
                           "\n# her laptop\nAllowedIPs = 10.0.0.2/32\n# PersistentKeepalive = 25\n";
  const std::string bert = "[Peer]\nPublicKey = " + std::string(kBert) + "\n";
  const std::string text = Interface("\n### begin Anna ###\n" + anna +
                                     "### end Anna ###\n\n# ---- the Berlin office ----\n\n"
                                     "# Bert\n" +
                                     bert);
  EXPECT_EQ(Save(text, Interface(Peer(kBert, ""))).text,
            Interface("\n# ---- the Berlin office ----\n\n# Bert\n" + bert));
  // Nothing stands between Anna's last setting and the comments of Bert's section.
  EXPECT_EQ(Save(Interface("\n" + anna + "# Bert\n" + bert), Interface(Peer(kBert, ""))).text,
            Interface("\n# Bert\n" + bert));
  EXPECT_EQ(Save(Interface("\n" + anna + "# Bert\n" + bert),
                 Interface(Peer(kAnna, "AllowedIPs = 10.0.0.2/32\n")))
                .text,
            Interface("\n" + anna));
}

TEST(ConfigSaveTest, OnlyTheLinesOfAllowedIpsChangeWhosePrefixesDo) {
  const std::string text = Interface(
      Peer(kAnna,
           "AllowedIPs = 10.0.0.2 # laptop\nAllowedIPs = 10.1.0.0/16,10.2.0.9/16 # sites\n"
           "AllowedIPs =\nAllowedIPs = fd00::2 # at last\n"));
  EXPECT_EQ(Save(text, Interface(Peer(kAnna,
                                      "AllowedIPs = 10.0.0.2/32, 10.2.0.0/16, fd00::2/128, "
                                      "10.3.0.0/16\n")))
                .text,
            Interface(Peer(kAnna,
                           "AllowedIPs = 10.0.0.2 # laptop\nAllowedIPs = 10.2.0.9/16 # "
                           "sites\nAllowedIPs =\nAllowedIPs = fd00::2, 10.3.0.0/16 # at "
                           "last\n")));
}

TEST(ConfigSaveTest, SeveralSectionsOfAPeerStayAsTheyAreIfTheDeviceIsAsTheySay) {
  const std::string text =
      Interface(Peer(kAnna, "AllowedIPs = 10.0.0.2/32\n") + Peer(kBert, "") +
                Peer(kAnna, "AllowedIPs = +10.0.0.3/32\nEndpoint = 192.0.2.7:1\n"));
  EXPECT_EQ(Save(text, Interface(Peer(kAnna,
                                      "AllowedIPs = 10.0.0.2/32, 10.0.0.3/32\n"
                                      "Endpoint = 192.0.2.7:1\n") +
                                 Peer(kBert, "")))
                .text,
            text);
}

TEST(ConfigSaveTest, APrefixThatTwoPeersNameBelongsToTheLastAndStaysWithBoth) {
  const std::string text = Interface(Peer(kAnna, "AllowedIPs = 10.0.0.0/24, 10.0.1.0/24\n") +
                                     Peer(kBert, "AllowedIPs = 10.0.0.0/24\n"));
  const std::string device = Interface(Peer(kAnna, "AllowedIPs = 10.0.1.0/24\n") +
                                       Peer(kBert, "AllowedIPs = 10.0.0.0/24\n"));
  EXPECT_EQ(Save(text, device).text, text) << "the device is as the file says";
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
    return SaveConfig({text, file, NamedIn(file), state, 0, gone}).text;
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
  SavedConfig saved = SaveConfig({text, file, NamedIn(file), same});
  EXPECT_EQ(saved.text, text);
  EXPECT_TRUE(saved.warnings.empty());
  const ConfigFile other =
      MustParse(fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 51820"
                            "\n[Peer]\nPublicKey = {}\n",
                            kOther, kAnna));
  saved = SaveConfig({text, file, NamedIn(file), other});
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
                                                   "Endpoint = 192.0.2.7:1\n"
                                                   "PersistentKeepalive = 9\n",
                                                   kPreshared)) +
                           Peer(kBert, "")));
  EXPECT_EQ(saved.text,
            Interface(Peer(kAnna, fmt::format("AllowedIPs = 10.0.0.3/32\nEndpoint = 192.0.2.7:1\n"
                                              "PresharedKey = {}\nName = Anna the second\n"
                                              "PersistentKeepalive = 9\n# second\n",
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
