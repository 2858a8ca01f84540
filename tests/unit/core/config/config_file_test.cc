#include "core/config/config_file.h"

#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/device/key_text.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace ringwire {
namespace {

constexpr std::string_view kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
constexpr std::string_view kPublic = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
constexpr std::string_view kPreshared = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=";

std::vector<std::string> Errors(std::string_view text) {
  std::vector<std::string> lines;
  for (const ConfigError& error : ParseConfigFile(text).errors) {
    lines.push_back(error.ToString("wg0.conf"));
  }
  return lines;
}

ConfigFile MustParse(std::string_view text) {
  ConfigParse parse = ParseConfigFile(text);
  for (const ConfigError& error : parse.errors) ADD_FAILURE() << error.ToString("wg0.conf");
  return std::move(parse.config);
}

PeerConfig MustParsePeer(std::string_view lines) {
  ConfigFile config = MustParse(fmt::format("[Peer]\nPublicKey = {}\n{}", kPublic, lines));
  if (config.peers.size() != 1) {
    ADD_FAILURE() << config.peers.size() << " peers";
    return {};
  }
  return std::move(config.peers[0]);
}

// The one error of a line in [Interface] or [Peer], without its file name.
std::string InterfaceError(std::string_view line) {
  const auto parse = ParseConfigFile(fmt::format("[Interface]\n{}\n", line));
  return parse.errors.size() == 1 ? parse.errors[0].ToString("") : "not one error";
}
std::string PeerError(std::string_view line) {
  const auto parse = ParseConfigFile(fmt::format("[Peer]\nPublicKey={}\n{}\n", kPublic, line));
  return parse.errors.size() == 1 ? parse.errors[0].ToString("") : "not one error";
}

TEST(ConfigFileTest, ReadsEveryKey) {
  const ConfigFile config = MustParse(fmt::format(
      "[Interface]\nPrivateKey = {}\nListenPort = 51820\nFwMark = 0xca6c\n"
      "Address = 10.0.0.1/24, fd00::1/64\nMTU = 1420\nWorkers = 2\nIoBackend = epoll\n"
      "TransportCipher = ChaCha20-Poly1305\n"
      "[Peer]\nPublicKey = {}\nPresharedKey = {}\nAllowedIPs = 10.0.0.2/32, fd00::2\n"
      "Endpoint = vpn.example.com:51820\nPersistentKeepalive = 25\nName = Jane's laptop\n"
      "TransportCipher = chacha20-poly1305\n",
      kPrivate, kPublic, kPreshared));
  ASSERT_TRUE(config.private_key);
  EXPECT_EQ(KeyToBase64(config.private_key->bytes()), kPrivate);
  EXPECT_EQ(config.listen_port, 51820);
  EXPECT_EQ(config.fwmark, 0xca6cu);
  ASSERT_EQ(config.addresses.size(), 2u);
  EXPECT_EQ(config.addresses[0].ToString(), "10.0.0.1/24") << "the host bits stay";
  EXPECT_EQ(config.addresses[1].ToString(), "fd00::1/64");
  EXPECT_EQ(config.mtu, 1420);
  EXPECT_EQ(config.workers, 2);
  EXPECT_EQ(config.io_backend, IoBackendChoice::kEpoll);
  EXPECT_EQ(config.transport_cipher, TransportCipher::kChaCha20Poly1305);
  ASSERT_EQ(config.peers.size(), 1u);
  const PeerConfig& peer = config.peers[0];
  EXPECT_EQ(peer.position.line, 10u);
  EXPECT_EQ(KeyToBase64(peer.public_key), kPublic);
  ASSERT_TRUE(peer.preshared_key);
  EXPECT_EQ(KeyToBase64(peer.preshared_key->bytes()), kPreshared);
  ASSERT_EQ(peer.allowed_ips.size(), 2u);
  EXPECT_EQ(peer.allowed_ips[1].prefix, Prefix::Parse("fd00::2/128"));
  ASSERT_TRUE(peer.endpoint);
  EXPECT_EQ(peer.endpoint->ToString(), "vpn.example.com:51820");
  EXPECT_EQ(peer.endpoint_position.line, 14u);
  EXPECT_EQ(peer.endpoint_position.column, 12u);
  EXPECT_EQ(peer.persistent_keepalive_seconds, 25);
  EXPECT_EQ(peer.name, "Jane's laptop");
  EXPECT_EQ(peer.transport_cipher, TransportCipher::kChaCha20Poly1305);
}

TEST(ConfigFileTest, TheTransportCipherIsAutoUnlessItIsSaidAndReachesTheChange) {
  const ConfigFile config = MustParse(
      fmt::format("[Interface]\nTransportCipher = auto\n[Peer]\nPublicKey = {}\nTransportCipher = "
                  "chacha20-poly1305\n[Peer]\nPublicKey = {}\n",
                  kPublic, kPreshared));
  const DeviceUpdate update =
      ToDeviceUpdate(config, std::vector<std::optional<SocketAddress>>(config.peers.size()));
  EXPECT_EQ(update.transport_cipher, TransportCipher::kAuto) << "also what is not said is set";
  ASSERT_EQ(update.peers.size(), 2u);
  EXPECT_EQ(update.peers[0].transport_cipher, TransportCipher::kChaCha20Poly1305);
  EXPECT_EQ(update.peers[1].transport_cipher, TransportCipher::kAuto);
  EXPECT_EQ(InterfaceError("TransportCipher = aes-256-gcm"),
            ":2:19: TransportCipher must be auto or chacha20-poly1305, not 'aes-256-gcm'");
  EXPECT_EQ(PeerError("TransportCipher = none"),
            ":3:19: TransportCipher must be auto or chacha20-poly1305, not 'none'");
}

TEST(ConfigFileTest, AnEmptyFileIsAnEmptyConfiguration) {
  for (const std::string_view text : {"", "\n", "# nothing\n", " \t\r\n"}) {
    const ConfigFile config = MustParse(text);
    EXPECT_FALSE(config.private_key || config.listen_port || config.fwmark || config.mtu);
    EXPECT_TRUE(config.peers.empty());
  }
}

TEST(ConfigFileTest, ReadsKeyFiles) {
  const ConfigFile config = MustParse(
      fmt::format("[Interface]\nPrivateKeyFile = /run/secrets/my key\n[Peer]\nPublicKey = {}\n"
                  "PresharedKeyFile = /etc/psk # of Jane\n",
                  kPublic));
  EXPECT_EQ(config.private_key_file, "/run/secrets/my key");
  EXPECT_FALSE(config.private_key);
  EXPECT_EQ(config.peers.at(0).preshared_key_file, "/etc/psk");
}

// Every oddity here was seen to be taken by wg 1.0.20210914.
TEST(ConfigFileTest, TakesTheSpacesCasesAndCommentsThatWgTakes) {
  const ConfigFile config = MustParse(fmt::format(
      "\xEF\xBB\xBF# a comment\r\n [ interface ] # here\r\n\tprivate key = {} {}# and here\r\n"
      "LISTENPORT=5 1820\r\nFwMark=OFF\r\n\r\n[PEER]\r\n  publickey={}\r\n"
      "AllowedIPs = 10.0.0.1/24 , 1 0.0.0.3\v\f\r\nEndpoint = [fe80::1%eth0] : 5\r\n"
      "PersistentKeepalive = Off",
      kPrivate.substr(0, 9), kPrivate.substr(9), kPublic));
  ASSERT_TRUE(config.private_key);
  EXPECT_EQ(KeyToBase64(config.private_key->bytes()), kPrivate);
  EXPECT_EQ(config.listen_port, 51820);
  EXPECT_EQ(config.fwmark, 0u);
  ASSERT_EQ(config.peers.size(), 1u);
  ASSERT_EQ(config.peers[0].allowed_ips.size(), 2u);
  EXPECT_EQ(config.peers[0].allowed_ips[0].prefix, Prefix::Parse("10.0.0.0/24"));
  EXPECT_EQ(config.peers[0].allowed_ips[1].prefix, Prefix::Parse("10.0.0.3/32"));
  EXPECT_EQ(config.peers[0].endpoint->ToString(), "[fe80::1%eth0]:5");
}

TEST(ConfigFileTest, LaterValuesWinAndListsAddUp) {
  const ConfigFile config = MustParse(fmt::format(
      "[Interface]\nListenPort=1\nListenPort=2\nAddress=10.0.0.1/8\nMTU=1400\n[Peer]\n"
      "PublicKey={}\nAllowedIPs=10.0.0.0/8\nAllowedIPs=\nAllowedIPs=fd00::/8\nName=a\nName=b\n"
      "[Interface]\nListenPort=3\nAddress=fd00::1/64 fd00::2/64,\nAddress=\nMTU=\n",
      kPublic));
  EXPECT_EQ(config.listen_port, 3);
  EXPECT_EQ(config.addresses.size(), 3u);
  EXPECT_FALSE(config.mtu) << "as with wg-quick, an empty MTU is none";
  ASSERT_EQ(config.peers.size(), 1u);
  EXPECT_EQ(config.peers[0].allowed_ips.size(), 2u);
  EXPECT_EQ(config.peers[0].name, "b");
}

TEST(ConfigFileTest, ReadsIncrementalAllowedIps) {
  const PeerConfig peer = MustParsePeer("AllowedIPs = 10.0.0.0/8, +10.1.0.0/16, - 10.2.0.0/16");
  ASSERT_EQ(peer.allowed_ips.size(), 3u);
  EXPECT_FALSE(peer.allowed_ips[1].remove);
  EXPECT_EQ(peer.allowed_ips[1].prefix, Prefix::Parse("10.1.0.0/16"));
  EXPECT_TRUE(peer.allowed_ips[2].remove);
  EXPECT_TRUE(peer.allowed_ips_incremental);
  EXPECT_FALSE(MustParsePeer("AllowedIPs = 10.0.0.0/8").allowed_ips_incremental);
}

TEST(ConfigFileTest, ReadsEveryFormOfAnEndpoint) {
  for (const auto& [text, host, shown] : std::vector<std::array<std::string_view, 3>>{
           {"192.0.2.1:7", "192.0.2.1", "192.0.2.1:7"},
           {"[2001:db8::1]:7", "2001:db8::1", "[2001:db8::1]:7"},
           {"2001:db8::1:7", "2001:db8::1", "[2001:db8::1]:7"},
           {"[fe80::1%3]:7", "fe80::1%3", "[fe80::1%3]:7"},
           {"my_host-1.example.:7", "my_host-1.example.", "my_host-1.example.:7"},
           {"[host]:7", "host", "host:7"},
           // The old forms of IPv4, which wg takes as well.
           {"127.1:7", "127.0.0.1", "127.0.0.1:7"},
           {"10.0.513:7", "10.0.2.1", "10.0.2.1:7"},
           {"[2130706433]:7", "127.0.0.1", "127.0.0.1:7"},
           {"0x7f.1:7", "127.0.0.1", "127.0.0.1:7"},
           {"0x7f.a1:7", "0x7f.a1", "0x7f.a1:7"},
           {"192.0.2.1:007", "192.0.2.1", "192.0.2.1:7"}}) {
    const PeerConfig peer = MustParsePeer(fmt::format("Endpoint = {}", text));
    ASSERT_TRUE(peer.endpoint) << text;
    EXPECT_EQ(peer.endpoint->host, host);
    EXPECT_EQ(peer.endpoint->port, 7);
    EXPECT_EQ(peer.endpoint->ToString(), shown);
  }
}

TEST(ConfigFileTest, RefusesAnEndpointThatCannotBe) {
  for (const std::string_view text :
       {"host",           "host:",          ":7",           "host:0",        "host:65536",
        "host:http",      "192.0.2.256:7",  "1.2.3.4.5:7",  "[2001:db8::1]", "[2001:db8::1:7",
        "2001:db8::1]:7", "[]:7",           "[fe80::1%]:7", "ho/st:7",       "[fe80::1%eth0/1]:7",
        "host%3:7",       "1.2.3.4%eth0:7", "fe80::g:7",    "a:b:7",         "münchen.de:7"}) {
    EXPECT_TRUE(PeerError(fmt::format("Endpoint = {}", text))
                    .starts_with(":3:12: Endpoint must be HOST:PORT"))
        << text;
  }
}

TEST(ConfigFileTest, SaysWhyAnEndpointIsRefusedThatWgWouldTake) {
  const auto why = [](std::string_view text) {
    return PeerError(fmt::format("Endpoint={}", text));
  };
  const auto refused = [](std::string_view text, std::string_view reason) {
    return fmt::format(
        ":3:10: Endpoint must be HOST:PORT, with an IPv6 address in brackets, not '{}'{}", text,
        reason);
  };
  EXPECT_EQ(why("192.0.2.1:domain"),
            refused("192.0.2.1:domain", ": /etc/services has no such service for UDP"));
  EXPECT_EQ(why("192.0.2.1:+80"),
            refused("192.0.2.1:+80",
                    ": the port must be a number, or the name of a service in /etc/services"));
  EXPECT_EQ(why("192.0.2.1:65616"),
            refused("192.0.2.1:65616", ": the port must be from 1 to 65535"));
  EXPECT_EQ(why("010.0.0.1:80"),
            refused("010.0.0.1:80",
                    ": wg takes a number that starts with 0 for octal, others for decimal; "
                    "leave the 0 out"));
  EXPECT_EQ(why("[2001:db8::1%2]:80"),
            refused("[2001:db8::1%2]:80",
                    ": only a link-local address (fe80::/10) has an interface behind %"));
  EXPECT_EQ(why("192.0.2.256:80"), refused("192.0.2.256:80", ""));
}

TEST(ConfigFileTest, APortMayBeTheNameOfAService) {
  const ServicePort lookup = [](const std::string& name) -> std::optional<uint16_t> {
    if (name == "open-vpn.2") return 1194;
    return std::nullopt;
  };
  const std::string text = fmt::format(
      "[Interface]\nListenPort = open-vpn.2\n[Peer]\nPublicKey = {}\n"
      "Endpoint = [2001:db8::1]:open-vpn.2\n",
      kPublic);
  const ConfigParse parse = ParseConfigFile(text, lookup);
  ASSERT_TRUE(parse.ok()) << parse.errors[0].message;
  EXPECT_EQ(parse.config.listen_port, 1194);
  EXPECT_EQ(parse.config.peers[0].endpoint->ToString(), "[2001:db8::1]:1194");
  EXPECT_EQ(ParseConfigFile(text).errors.size(), 2U) << "nobody to look it up";
  EXPECT_EQ(ParseConfigFile("[Interface]\nListenPort = 0x50", lookup).errors.size(), 1U);
}

TEST(ConfigFileTest, ReadsAddressesAsWgQuickAndRefusesOctalNumbers) {
  const ConfigFile config =
      MustParse("[Interface]\nAddress = 10.0.0.1/255.255.254.0, 10.0.0.2/0.0.0.0, fd00::1/0\n");
  ASSERT_EQ(config.addresses.size(), 3u);
  EXPECT_EQ(config.addresses[0].length, 23);
  EXPECT_EQ(config.addresses[1].length, 0);
  EXPECT_EQ(config.addresses[2].length, 0);
  for (const std::string_view text : {"10.0.0.1/024", "10.0.0.1/08", "fd00::1/064"}) {
    EXPECT_EQ(
        InterfaceError(fmt::format("Address={}", text)),
        fmt::format(":2:9: Address must be like 10.0.0.1/24 or fd00::1/64, not '{}': wg-quick "
                    "takes a number that starts with 0 for octal; leave the 0 out",
                    text));
  }
  for (const std::string_view text :
       {"10.0.0.1/255.0.255.0", "10.0.0.1/255.255.255", "10.0.0.1/ffff::", "fd00::1/255.0.0.0",
        "fd00::1/ffff::", "10.1/8", "10.0.0.1/+8"}) {
    EXPECT_TRUE(
        InterfaceError(fmt::format("Address={}", text)).ends_with(fmt::format("'{}'", text)))
        << text;
  }
  EXPECT_EQ(
      InterfaceError("MTU=01420"),
      ":2:5: MTU must be a number from 68 to 65535, not '01420': wg-quick takes a number that "
      "starts with 0 for octal; leave the 0 out");
}

TEST(ConfigFileTest, ReadsEveryFormOfFwMark) {
  EXPECT_EQ(MustParse("[Interface]\nFwMark=off").fwmark, 0u);
  EXPECT_EQ(MustParse("[Interface]\nFwMark=4294967295").fwmark, 0xffffffffu);
  EXPECT_EQ(MustParse("[Interface]\nFwMark=0xFFffFFff").fwmark, 0xffffffffu);
  for (const std::string_view text : {"4294967296", "0x100000000", "0x", "-1", "+1", "on", "1x"}) {
    EXPECT_TRUE(InterfaceError(fmt::format("FwMark = {}", text)).starts_with(":2:10: FwMark must"))
        << text;
  }
}

TEST(ConfigFileTest, ChecksTheRangeOfEveryNumber) {
  EXPECT_EQ(InterfaceError("ListenPort = 65536"),
            ":2:14: ListenPort must be a number from 0 to 65535, not '65536'");
  EXPECT_EQ(InterfaceError("ListenPort=-1"),
            ":2:12: ListenPort must be a number from 0 to 65535, not '-1'");
  EXPECT_EQ(InterfaceError("MTU = 67"), ":2:7: MTU must be a number from 68 to 65535, not '67'");
  EXPECT_EQ(InterfaceError("Workers = 0"),
            ":2:11: Workers must be a number from 1 to 256 or auto, not '0'");
  EXPECT_EQ(PeerError("PersistentKeepalive = 65536"),
            ":3:23: PersistentKeepalive must be a number from 0 to 65535 (seconds) or off, "
            "not '65536'");
  EXPECT_EQ(PeerError("PersistentKeepalive = on").substr(0, 6), ":3:23:");
  EXPECT_EQ(InterfaceError("IoBackend = kqueue"),
            ":2:13: IoBackend must be auto, io_uring or epoll, not 'kqueue'");
  EXPECT_EQ(InterfaceError("Offload = -usb"),
            ":2:11: Offload must be auto, off, or some of -tso, -uso, -udp-gso, -udp-gro, "
            "-multishot-read, -multishot-recvmsg, -tun-gso-write with commas between them (+ for "
            "-: also on a "
            "kernel whose version is known to break it); "
            "not '-usb'");
  const OffloadSwitches offloads = MustParse("[Interface]\nOffload = -uso, -TSO").offloads;
  EXPECT_EQ(offloads, *OffloadSwitches::Parse("-tso,-uso"));
  EXPECT_EQ(MustParse("[Interface]\nOffload = auto").offloads, OffloadSwitches());
  EXPECT_EQ(MustParse("[Interface]\nWorkers = auto\nIoBackend = IO_URING").io_backend,
            IoBackendChoice::kIoUring);
}

TEST(ConfigFileTest, PointsAtTheBadEntryOfAList) {
  EXPECT_EQ(PeerError("AllowedIPs = 10.0.0.0/8,  10.0.0.0/33"),
            ":3:27: AllowedIPs must be like 10.0.0.0/24 or fd00::/64, not '10.0.0.0/33'");
  EXPECT_EQ(PeerError("AllowedIPs = 10.0.0.0/8,"),
            ":3:25: AllowedIPs has an empty entry; entries are separated by one comma");
  EXPECT_EQ(InterfaceError("Address = 10.0.0.1/24, 10.0.0.1/"),
            ":2:24: Address must be like 10.0.0.1/24 or fd00::1/64, not '10.0.0.1/'");
}

TEST(ConfigFileTest, SuggestsTheKeyThatWasMeant) {
  EXPECT_EQ(PeerError("  AllowedIP = 10.0.0.0/8"),
            ":3:3: unknown key 'AllowedIP' in [Peer]; did you mean 'AllowedIPs'?");
  EXPECT_EQ(InterfaceError("Adress = 10.0.0.1/24"),
            ":2:1: unknown key 'Adress' in [Interface]; did you mean 'Address'?");
  EXPECT_EQ(PeerError("persistantkeepalives = 1"),
            ":3:1: unknown key 'persistantkeepalives' in [Peer]; did you mean "
            "'PersistentKeepalive'?");
  EXPECT_EQ(PeerError("Colour = blue"), ":3:1: unknown key 'Colour' in [Peer]");
  EXPECT_EQ(PeerError("ab = 1"), ":3:1: unknown key 'ab' in [Peer]");
  EXPECT_EQ(InterfaceError("AllowedIPs = 10.0.0.0/8"),
            ":2:1: AllowedIPs belongs in [Peer], not in [Interface]");
  EXPECT_EQ(PeerError("address = 10.0.0.1"), ":3:1: Address belongs in [Interface], not in [Peer]");
  EXPECT_EQ(InterfaceError("Forwad = on"),
            ":2:1: unknown key 'Forwad' in [Interface]; did you mean 'Forward'? (it belongs in "
            "[Gateway])");
  EXPECT_EQ(PeerError("TransportCypher = auto"),
            ":3:1: unknown key 'TransportCypher' in [Peer]; did you mean 'TransportCipher'?")
      << "which is one of both";
}

TEST(ConfigFileTest, ReportsAllErrorsAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(
      Errors("ListenPort = 1\n[Interface]\nListenPort = x\nnonsense\n\n[Router]\nForward = on"
             "\n[Peer]\nAllowedIPs = y\n[Peer]\nPublicKey =\n"),
      (std::vector<std::string>{
          "wg0.conf:1:1: a key before any section; an [Interface] or [Peer] line comes first",
          "wg0.conf:3:14: ListenPort must be a number from 0 to 65535, not 'x': /etc/services has "
          "no such service for UDP",
          "wg0.conf:4:1: expected 'Key = value' or '[Section]'",
          "wg0.conf:6:1: unknown section '[Router]'; there are [Interface], [Peer], [Gateway], "
          "[Enrol] and [Connect]",
          "wg0.conf:9:14: AllowedIPs must be like 10.0.0.0/24 or fd00::/64, not 'y'",
          "wg0.conf:8:1: this [Peer] has no PublicKey", "wg0.conf:11:12: PublicKey has no value",
          "wg0.conf:10:1: this [Peer] has no PublicKey"}));
}

TEST(ConfigFileTest, ListsAHundredErrorsAndCountsTheRest) {
  std::string text = "[Interface]\n";
  for (int i = 0; i < 250; ++i) text += "MTU = x\n";
  const ConfigParse parse = ParseConfigFile(text);
  ASSERT_EQ(parse.errors.size(), kConfigErrorsMax + 1);
  EXPECT_EQ(parse.errors.back().ToString("f"), "f:102:7: and 150 more errors from here on");
}

TEST(ConfigFileTest, RefusesAnOversizedFileWithoutReadingIt) {
  const std::string text(kConfigFileBytesMax + 1, '?');
  ASSERT_EQ(ParseConfigFile(text).errors.size(), 1u);
  EXPECT_EQ(ParseConfigFile(text).errors[0].message,
            fmt::format("the file has {} bytes; a configuration has at most {}, which are some {} "
                        "peers; add more by `wg addconf` in parts",
                        kConfigFileBytesMax + 1, kConfigFileBytesMax, kPeersMax));
  EXPECT_TRUE(ParseConfigFile(std::string(kConfigFileBytesMax, '#')).ok());
}

TEST(ConfigFileTest, NamesTheSectionOrKeyThatWasMeant) {
  EXPECT_EQ(
      Errors("[Peers]\n"),
      std::vector<std::string>{"wg0.conf:1:1: unknown section '[Peers]'; did you mean [Peer]?"});
  EXPECT_EQ(Errors("[interfcae]\n"),
            std::vector<std::string>{
                "wg0.conf:1:1: unknown section '[interfcae]'; did you mean [Interface]?"});
  EXPECT_EQ(Errors("[A section of somebody else]\n"),
            std::vector<std::string>{"wg0.conf:1:1: unknown section; there are [Interface], "
                                     "[Peer], [Gateway], [Enrol] and [Connect]"});
  EXPECT_EQ(PeerError("PubKey = x"),
            ":3:1: unknown key 'PubKey' in [Peer]; did you mean 'PublicKey'?");
  EXPECT_EQ(InterfaceError("PrivKey = x"),
            ":2:1: unknown key 'PrivKey' in [Interface]; did you mean 'PrivateKey'?");
  EXPECT_EQ(PeerError("Keepalive = 25").find("PersistentKeepalive") != std::string::npos, true);
}

TEST(ConfigFileTest, SaysWhatIsWrongWithAKeyAndNotTheKey) {
  EXPECT_EQ(InterfaceError(fmt::format("PrivateKey = {}", kPrivate.substr(0, 43))),
            ":2:14: PrivateKey must be 44 characters of base64, as `wg genkey` prints; it has 43");
  EXPECT_EQ(PeerError(fmt::format("PresharedKey = {}!=", kPreshared.substr(0, 42))),
            ":3:16: PresharedKey is not the base64 of 32 bytes");
}

TEST(ConfigFileTest, ShowsNoSecretInAnyError) {
  const std::string key(kPrivate);
  const std::string word = "lMNqhdrYUIgJBgBfBmk";  // letters only, as a part of a key may be
  for (const std::string& line :
       {"PrivateKey " + key, "PrivateKey " + key.substr(0, 43), "PrivateKey: " + key,
        "PrivateKey = " + key + key, "PrivateKey = " + key.substr(0, 22), key, word + "=",
        "PrivatKey = " + key, "ListenPort = " + key, "FwMark = " + key, "Address = " + key,
        "IoBackend = " + key, "[" + key + "]", "[" + word + "]", "Workers = " + key.substr(8),
        "MTU = " + key.substr(0, 24), "PreshareKy = " + key}) {
    const std::vector<std::string> errors = Errors("[Interface]\n" + line + "\n");
    ASSERT_EQ(errors.size(), 1u) << line;
    for (const std::string& part : {key.substr(0, 8), key.substr(8, 8), word.substr(0, 8)}) {
      EXPECT_EQ(errors[0].find(part), std::string::npos) << errors[0];
    }
  }
}

TEST(ConfigFileTest, PrintsNothingThatATerminalWouldObey) {
  const std::string error = InterfaceError("MTU = \x1b[2J");
  EXPECT_NE(error.find("not '?[2J'"), std::string::npos) << error;
}

TEST(ConfigFileTest, RefusesAKeyAndItsFileTogether) {
  EXPECT_EQ(InterfaceError(fmt::format("PrivateKey={}\nPrivateKeyFile=/k", kPrivate)),
            ":3:1: PrivateKey and PrivateKeyFile exclude each other");
  EXPECT_EQ(InterfaceError(fmt::format("PrivateKeyFile=/k\n PrivateKey={}", kPrivate)),
            ":3:2: PrivateKey and PrivateKeyFile exclude each other");
  EXPECT_EQ(PeerError(fmt::format("PresharedKey={}\nPresharedKeyFile=/k", kPreshared)),
            ":4:1: PresharedKey and PresharedKeyFile exclude each other");
  EXPECT_EQ(PeerError(fmt::format("PresharedKeyFile=/k\nPresharedKey={}", kPreshared)),
            ":4:1: PresharedKey and PresharedKeyFile exclude each other");
}

TEST(ConfigFileTest, RefusesPathsAndNamesWithControlCharactersOrBeyondTheirLength) {
  EXPECT_NE(InterfaceError("PrivateKeyFile = /a\x01"), "not one error");
  EXPECT_NE(InterfaceError("PrivateKeyFile = /" + std::string(4095, 'a')), "not one error");
  EXPECT_NE(PeerError("Name = a\x01"), "not one error");
  EXPECT_NE(PeerError("Name = " + std::string(kPeerNameBytesMax + 1, 'n')), "not one error");
  EXPECT_EQ(MustParsePeer("Name = " + std::string(kPeerNameBytesMax, 'n')).name.size(),
            kPeerNameBytesMax);
}

TEST(ConfigFileTest, RefusesEmptyValuesOfWhatNeedsOne) {
  EXPECT_EQ(InterfaceError("PrivateKey ="), ":2:13: PrivateKey has no value");
  EXPECT_EQ(InterfaceError("ListenPort = # 51820"), ":2:13: ListenPort has no value");
  EXPECT_EQ(PeerError("Endpoint = "), ":3:11: Endpoint has no value");
  EXPECT_TRUE(MustParsePeer("AllowedIPs = ").allowed_ips.empty());
}

TEST(StripTest, GivesWhatWgSetconfTakes) {
  const ConfigFile config = MustParse(fmt::format(
      "[Interface]\nAddress=10.0.0.1/24\nPrivateKey={}\nListenPort=0\nFwMark=16\nDNS=1.1.1.1\n"
      "MTU=1400\nWorkers=3\nPostUp=x\n[Peer]\nPublicKey={}\nPresharedKey={}\nName=n\n"
      "AllowedIPs=10.0.0.1/24,fd00::/64\nEndpoint=::1:5\nPersistentKeepalive=25\n[Peer]\n"
      "PublicKey={}\nAllowedIPs=\nPersistentKeepalive=off\n",
      kPrivate, kPublic, kPreshared, kPublic));
  EXPECT_EQ(Strip(config),
            fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 0\nFwMark = 0x10\n"
                        "\n[Peer]\nPublicKey = {}\nPresharedKey = {}\n"
                        "AllowedIPs = 10.0.0.0/24, fd00::/64\nEndpoint = [::1]:5\n"
                        "PersistentKeepalive = 25\n"
                        "\n[Peer]\nPublicKey = {}\nPersistentKeepalive = 0\n",
                        kPrivate, kPublic, kPreshared, kPublic));
  EXPECT_EQ(Strip(ConfigFile{}), "[Interface]\n");
}

TEST(StripTest, ResolvesIncrementsThatOlderWgDoesNotKnow) {
  const ConfigFile config = MustParse(fmt::format(
      "[Peer]\nPublicKey={}\nAllowedIPs=10.0.0.0/8,+10.1.0.0/16,-10.0.0.0/8,-10.3.0.0/16,"
      "+10.2.0.0/16,10.1.0.0/16\n",
      kPublic));
  EXPECT_NE(Strip(config).find("\nAllowedIPs = 10.2.0.0/16, 10.1.0.0/16\n"), std::string::npos)
      << Strip(config);
}

}  // namespace
}  // namespace ringwire
