#include "core/config/uapi.h"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/device/key_text.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/support/uapi_answer.h"

namespace ringwire {
namespace {

constexpr std::string_view kPrivateHex =
    "c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669";
constexpr std::string_view kPeerHex =
    "c53201039adba14be71f886da1d8dbe9eebded08cb111b75340078999aa9f038";
constexpr std::string_view kZeroHex =
    "0000000000000000000000000000000000000000000000000000000000000000";

crypto::PublicKey PeerKey() {
  crypto::PublicKey key{};
  EXPECT_TRUE(ParseKeyHex(kPeerHex, key));
  return key;
}

DeviceUpdate MustParse(std::string_view body, ZoneIndexFunction zone_index = nullptr) {
  auto result = ParseSet(body, zone_index);
  if (const auto* error = std::get_if<UapiError>(&result)) {
    ADD_FAILURE() << error->reason;
    return {};
  }
  return std::get<DeviceUpdate>(std::move(result));
}

UapiError MustRefuse(std::string_view body) {
  auto result = ParseSet(body);
  if (const auto* error = std::get_if<UapiError>(&result)) return *error;
  ADD_FAILURE() << "accepted: " << body;
  return {};
}

std::string PeerLine() { return fmt::format("public_key={}\n", kPeerHex); }

// What wg 1.0.20210914 sends for a configuration file with one peer.
TEST(UapiSetTest, TakesWhatWgSetconfSends) {
  const DeviceUpdate update = MustParse(
      fmt::format("private_key={}\nlisten_port=1\nfwmark=16\nreplace_peers=true\npublic_key={}\n"
                  "endpoint=[fe80::1%7]:5\npersistent_keepalive_interval=0\n"
                  "replace_allowed_ips=true\nallowed_ip=10.0.0.1/24\nallowed_ip=fd00::1/64\n",
                  kPrivateHex, kPeerHex));
  ASSERT_TRUE(update.private_key);
  EXPECT_EQ(KeyToHex(update.private_key->bytes()), kPrivateHex);
  EXPECT_EQ(update.listen_port, 1);
  EXPECT_EQ(update.fwmark, 16u);
  EXPECT_TRUE(update.replace_peers);
  ASSERT_EQ(update.peers.size(), 1u);
  const PeerUpdate& peer = update.peers[0];
  EXPECT_EQ(peer.public_key, PeerKey());
  EXPECT_EQ(peer.endpoint, SocketAddress::Parse("[fe80::1%7]:5"));
  EXPECT_EQ(peer.persistent_keepalive_seconds, 0);
  EXPECT_TRUE(peer.replace_allowed_ips);
  ASSERT_EQ(peer.allowed_ips.size(), 2u);
  EXPECT_EQ(peer.allowed_ips[0].prefix, Prefix::Parse("10.0.0.0/24"));
  EXPECT_EQ(peer.allowed_ips[1].prefix, Prefix::Parse("fd00::/64"));
  EXPECT_FALSE(peer.preshared_key);
}

TEST(UapiSetTest, LeavesWhatIsNotNamedAbsent) {
  const DeviceUpdate update = MustParse(PeerLine());
  EXPECT_FALSE(update.private_key || update.listen_port || update.fwmark || update.replace_peers);
  ASSERT_EQ(update.peers.size(), 1u);
  const PeerUpdate& peer = update.peers[0];
  EXPECT_FALSE(peer.remove || peer.update_only || peer.preshared_key || peer.endpoint ||
               peer.persistent_keepalive_seconds || peer.replace_allowed_ips || peer.name);
  EXPECT_TRUE(peer.allowed_ips.empty());
  EXPECT_TRUE(MustParse("").peers.empty());
}

TEST(UapiSetTest, ZerosAreAKeyToClear) {
  const DeviceUpdate update = MustParse(
      fmt::format("private_key={}\n{}preshared_key={}\n", kZeroHex, PeerLine(), kZeroHex));
  EXPECT_TRUE(update.private_key && update.private_key->IsZero());
  ASSERT_EQ(update.peers.size(), 1u);
  EXPECT_TRUE(update.peers[0].preshared_key && update.peers[0].preshared_key->IsZero());
}

TEST(UapiSetTest, TakesEveryPeerFlag) {
  const DeviceUpdate update =
      MustParse(PeerLine() + "update_only=true\nprotocol_version=1\n" + PeerLine() +
                "remove=true\n" + PeerLine() + "allowed_ip=-10.0.0.0/8\nallowed_ip=10.0.0.7\n");
  ASSERT_EQ(update.peers.size(), 3u);
  EXPECT_TRUE(update.peers[0].update_only);
  EXPECT_TRUE(update.peers[1].remove);
  ASSERT_EQ(update.peers[2].allowed_ips.size(), 2u);
  EXPECT_TRUE(update.peers[2].allowed_ips[0].remove);
  EXPECT_EQ(update.peers[2].allowed_ips[0].prefix, Prefix::Parse("10.0.0.0/8"));
  EXPECT_FALSE(update.peers[2].allowed_ips[1].remove);
  EXPECT_EQ(update.peers[2].allowed_ips[1].prefix, Prefix::Parse("10.0.0.7/32"));
}

TEST(UapiSetTest, ReplaceAllowedIpsForgetsWhatCameBeforeIt) {
  const DeviceUpdate update = MustParse(
      PeerLine() + "allowed_ip=10.0.0.0/8\nreplace_allowed_ips=true\nallowed_ip=10.1.0.0/16\n");
  ASSERT_EQ(update.peers[0].allowed_ips.size(), 1u);
  EXPECT_EQ(update.peers[0].allowed_ips[0].prefix, Prefix::Parse("10.1.0.0/16"));
}

// `wg` writes the zone of a link-local endpoint as the name of an interface.
TEST(UapiSetTest, ResolvesTheZoneOfAnEndpointByTheGivenFunction) {
  const ZoneIndexFunction zone_index = [](const char* name) {
    return std::string_view(name) == "eth0" ? 3u : 0u;
  };
  const DeviceUpdate update = MustParse(PeerLine() + "endpoint=[fe80::1%eth0]:5\n", zone_index);
  EXPECT_EQ(update.peers.at(0).endpoint, SocketAddress::Parse("[fe80::1%3]:5"));
  for (const std::string_view bad : {"[fe80::1%eth1]:5", "[fe80::1%]:5", "[fe80::1%eth0", "%eth0",
                                     "fe80::1%eth0:5", "[10.0.0.1%eth0]:5"}) {
    EXPECT_TRUE(std::holds_alternative<UapiError>(
        ParseSet(fmt::format("{}endpoint={}\n", PeerLine(), bad), zone_index)))
        << bad;
  }
  EXPECT_EQ(MustRefuse(PeerLine() + "endpoint=[fe80::1%eth0]:5\n").error_number, EINVAL);
}

TEST(UapiSetTest, RefusesEveryBadValueWithEinvalAndItsLine) {
  for (const std::string_view line :
       {"private_key=00", "private_key=", "listen_port=65536", "listen_port=-1", "listen_port=+1",
        "listen_port=1 ", "listen_port= 1", "listen_port=0x1", "listen_port=", "fwmark=4294967296",
        "fwmark=18446744073709551616", "replace_peers=false", "replace_peers=1",
        "public_key=c532"}) {
    const UapiError error = MustRefuse(fmt::format("fwmark=1\n{}\n", line));
    EXPECT_EQ(error.error_number, EINVAL) << line;
    EXPECT_TRUE(error.reason.starts_with("set, line 3: bad value of '")) << error.reason;
  }
  for (const std::string_view line :
       {"preshared_key=1", "endpoint=10.0.0.1", "endpoint=10.0.0.1:65536", "endpoint=name:5",
        "endpoint=::1:5", "persistent_keepalive_interval=65536",
        "persistent_keepalive_interval=off", "allowed_ip=", "allowed_ip=-", "allowed_ip=--10.0.0.1",
        "allowed_ip=10.0.0.0/33", "allowed_ip=10.0.0.0/8,10.1.0.0/16", "allowed_ip=fd00::/129",
        "remove=false", "update_only=yes", "replace_allowed_ips=0", "protocol_version=2"}) {
    const UapiError error = MustRefuse(fmt::format("{}{}\n", PeerLine(), line));
    EXPECT_EQ(error.error_number, EINVAL) << line;
    EXPECT_TRUE(error.reason.starts_with("set, line 3: bad value of '")) << error.reason;
  }
}

TEST(UapiSetTest, RefusesUnknownAndMisplacedKeys) {
  EXPECT_EQ(MustRefuse("colour=blue\n").reason, "set, line 2: unknown device key 'colour'");
  EXPECT_EQ(MustRefuse("allowed_ip=10.0.0.0/8\n").error_number, EINVAL);
  EXPECT_EQ(MustRefuse(PeerLine() + "listen_port=1\n").reason,
            "set, line 3: unknown peer key 'listen_port'");
  EXPECT_EQ(MustRefuse("Listen_Port=1\n").error_number, EINVAL);
}

TEST(UapiSetTest, RefusesLinesThatAreNotKeyAndValueWithEproto) {
  EXPECT_EQ(MustRefuse("listen_port\n").error_number, EPROTO);
  EXPECT_EQ(MustRefuse("=1\n").error_number, EPROTO);
  EXPECT_EQ(MustRefuse("\nlisten_port=1\n").error_number, EPROTO);
}

TEST(UapiSetTest, ShowsNoSecretInAReason) {
  const std::string half(kPrivateHex.substr(0, 40));
  for (const std::string& body :
       {fmt::format("private_key={}\n", half), fmt::format("{}=\n", half), half + "\n",
        fmt::format("{}preshared_key={}zz\n", PeerLine(), half)}) {
    EXPECT_EQ(MustRefuse(body).reason.find(half.substr(0, 8)), std::string::npos) << body;
  }
}

// Trap 2 of the control socket.
TEST(UapiAnswerTest, ErrnoIsNegativeAfterASetAndPositiveAfterAGet) {
  EXPECT_EQ(FormatSetAnswer(EINVAL), "errno=-22\n\n");
  EXPECT_EQ(FormatSetAnswer(0), "errno=0\n\n");
  EXPECT_EQ(FormatGetError(EINVAL), "errno=22\n\n");
  // Trap 3: wgctrl reads it into 32 bytes.
  EXPECT_LE(FormatSetAnswer(INT32_MAX).size(), 32u);
}

DeviceStatus OnePeerStatus() {
  DeviceStatus status;
  EXPECT_TRUE(ParseKeyHex(kPrivateHex, status.private_key.emplace().bytes()));
  status.listen_port = 51820;
  status.fwmark = 0xca6c;
  PeerStatus& peer = status.peers.emplace_back();
  peer.public_key = PeerKey();
  peer.preshared_key.bytes()[31] = 9;
  peer.endpoint = SocketAddress::Parse("192.0.2.1:5");
  peer.last_handshake = absl::FromUnixSeconds(1700000000) + absl::Nanoseconds(123);
  peer.transmit_bytes = 7;
  peer.receive_bytes = uint64_t{1} << 40;
  peer.persistent_keepalive_seconds = 25;
  peer.allowed_ips = {*Prefix::Parse("10.0.0.0/8"), *Prefix::Parse("fd00::/64")};
  return status;
}

TEST(UapiGetTest, WritesEveryFieldInTheOrderOfTheProtocol) {
  EXPECT_EQ(WholeAnswer(OnePeerStatus()),
            fmt::format("private_key={}\nlisten_port=51820\nfwmark=51820\npublic_key={}\n"
                        "preshared_key={}09\nprotocol_version=1\nendpoint=192.0.2.1:5\n"
                        "last_handshake_time_sec=1700000000\nlast_handshake_time_nsec=123\n"
                        "tx_bytes=7\nrx_bytes=1099511627776\npersistent_keepalive_interval=25\n"
                        "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\nerrno=0\n\n",
                        kPrivateHex, kPeerHex, kZeroHex.substr(2)));
}

TEST(UapiGetTest, LeavesOutWhatADeviceDoesNotHave) {
  EXPECT_EQ(WholeAnswer(DeviceStatus{}), "listen_port=0\nerrno=0\n\n");
  DeviceStatus status;
  status.private_key.emplace();  // all zeros: none
  status.peers.emplace_back().public_key = PeerKey();
  EXPECT_EQ(WholeAnswer(status),
            fmt::format("listen_port=0\npublic_key={}\npreshared_key={}\nprotocol_version=1\n"
                        "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\n"
                        "rx_bytes=0\npersistent_keepalive_interval=0\nerrno=0\n\n",
                        kPeerHex, kZeroHex));
}

TEST(UapiGetTest, PutsAnIpv6EndpointInBracketsWithItsZone) {
  DeviceStatus status = OnePeerStatus();
  status.peers[0].endpoint = SocketAddress::Parse("[fe80::1%3]:5");
  EXPECT_NE(WholeAnswer(status).find("\nendpoint=[fe80::1%3]:5\n"), std::string::npos);
}

// Trap 3 of the control socket.
TEST(UapiGetTest, NeverGivesAHandshakeZeroNanoseconds) {
  DeviceStatus status = OnePeerStatus();
  status.peers[0].last_handshake = absl::FromUnixSeconds(1700000000);
  EXPECT_NE(WholeAnswer(status).find("_sec=1700000000\nlast_handshake_time_nsec=1\n"),
            std::string::npos);
}

TEST(UapiGetTest, ChunksJoinToTheWholeAnswerAndStayNearTheirSize) {
  DeviceStatus status = OnePeerStatus();
  status.peers.push_back(status.peers[0]);
  const std::string whole = WholeAnswer(status);
  for (const size_t about : {size_t{0}, size_t{1}, size_t{100}, size_t{1000}, whole.size()}) {
    UapiGetWriter writer(status);
    std::string joined;
    bool more = true;
    while (more) {
      std::string chunk;
      more = writer.Next(&chunk, about);
      EXPECT_LT(chunk.size(), about + 512);
      joined += chunk;
    }
    EXPECT_EQ(joined, whole);
    EXPECT_FALSE(writer.Next(&joined, about));
    EXPECT_EQ(joined, whole);
  }
}

TEST(UapiGetTest, PiecesOfPeersJoinToTheWholeAnswer) {
  DeviceStatus status = OnePeerStatus();
  status.peers.resize(10, status.peers[0]);
  for (size_t i = 0; i < 10; ++i) status.peers[i].receive_bytes = i;
  const std::string whole = WholeAnswer(status);
  const std::vector<PeerStatus> peers = std::exchange(status.peers, {});
  UapiGetWriter writer(status, [&peers](size_t* cursor, std::vector<PeerStatus>* piece) {
    // A piece may be empty: peers were removed there.
    for (int i = 0; i < 3 && *cursor < 20; ++i, ++*cursor) {
      if (*cursor >= 5 && *cursor < 15) piece->push_back(peers[*cursor - 5]);
    }
    return *cursor < 20;
  });
  std::string joined;
  while (writer.Next(&joined, 100)) continue;
  EXPECT_EQ(joined, whole);
}

// Growing would leave an allocation with keys in it behind.
TEST(UapiGetTest, DoesNotReallocateAChunkThatHoldsKeys) {
  DeviceStatus status = OnePeerStatus();
  status.peers.resize(100, status.peers[0]);
  for (const size_t about : {size_t{1}, size_t{1000}, size_t{65536}}) {
    UapiGetWriter writer(status);
    bool more = true;
    while (more) {
      std::string chunk;
      more = writer.Next(&chunk, about);
      EXPECT_GE(chunk.capacity(), about + 512);
      EXPECT_LT(chunk.capacity(), about + 1500) << "it has grown";
    }
  }
}

// Trap 6 of the control socket.
TEST(UapiTest, SetsAndGets130560AllowedIps) {
  constexpr uint32_t kCount = 130560;
  std::string request = "set=1\n" + PeerLine();
  std::string lines;
  for (uint32_t i = 0; i < kCount; ++i) {
    lines += fmt::format("allowed_ip=10.{}.{}.{}/32\n", i >> 16, (i >> 8) & 255, i & 255);
  }
  request += lines + "\n";
  UapiRequestReader reader;
  absl::StatusOr<std::optional<UapiRequest>> next = std::optional<UapiRequest>();
  for (size_t at = 0; at < request.size(); at += 4096) {
    ASSERT_TRUE(next.ok() && !next->has_value());
    reader.Append(std::string_view(request).substr(at, 4096));
    next = reader.Next();
  }
  ASSERT_TRUE(next.ok() && next->has_value());
  const DeviceUpdate update = MustParse((*next)->body);
  ASSERT_EQ(update.peers.size(), 1u);
  ASSERT_EQ(update.peers[0].allowed_ips.size(), kCount);
  DeviceStatus status;
  PeerStatus& peer = status.peers.emplace_back();
  for (const AllowedIpChange& change : update.peers[0].allowed_ips) {
    peer.allowed_ips.push_back(change.prefix);
  }
  EXPECT_NE(WholeAnswer(status).find(lines), std::string::npos);
}

TEST(UapiRequestReaderTest, GivesOutManyRequestsOfOneConnectionInOrder) {
  UapiRequestReader reader;
  reader.Append("get=1\n\nset=1\nlisten_port=1\n\nset=1\n\nget=");
  auto first = reader.Next();
  ASSERT_TRUE(first.ok() && first->has_value());
  EXPECT_EQ((*first)->operation, UapiOperation::kGet);
  EXPECT_EQ((*first)->body, "");
  auto second = reader.Next();
  ASSERT_TRUE(second.ok() && second->has_value());
  EXPECT_EQ((*second)->operation, UapiOperation::kSet);
  EXPECT_EQ((*second)->body, "listen_port=1\n");
  auto third = reader.Next();
  ASSERT_TRUE(third.ok() && third->has_value());
  EXPECT_EQ((*third)->body, "");
  auto fourth = reader.Next();
  ASSERT_TRUE(fourth.ok() && !fourth->has_value());
  reader.Append("1\n\n");
  fourth = reader.Next();
  ASSERT_TRUE(fourth.ok() && fourth->has_value());
  EXPECT_EQ((*fourth)->operation, UapiOperation::kGet);
}

TEST(UapiRequestReaderTest, FindsTheEndHoweverTheBytesAreCut) {
  const std::string request = "set=1\nlisten_port=1\nfwmark=2\n\n";
  for (size_t cut = 1; cut < request.size(); ++cut) {
    UapiRequestReader reader;
    reader.Append(std::string_view(request).substr(0, cut));
    auto early = reader.Next();
    ASSERT_TRUE(early.ok() && !early->has_value()) << cut;
    reader.Append(std::string_view(request).substr(cut));
    auto whole = reader.Next();
    ASSERT_TRUE(whole.ok() && whole->has_value()) << cut;
    EXPECT_EQ((*whole)->body, "listen_port=1\nfwmark=2\n");
  }
}

TEST(UapiRequestReaderTest, RefusesAnythingButGetAndSetAsSoonAsItShows) {
  for (const std::string_view bytes :
       {"x", "get=2\n\n", "set=1 \n\n", "GET / HTTP/1.1\r\n", "\n", "get=1\nfwmark=1\n\n"}) {
    UapiRequestReader reader;
    reader.Append(bytes);
    EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kInvalidArgument) << bytes;
  }
}

// A client that is still writing would die of SIGPIPE and not read the answer.
TEST(UapiRequestReaderTest, ReadsATooLongRequestToItsEndBeforeItRefuses) {
  UapiRequestReader reader(100);
  reader.Append("set=1\n");
  reader.Append(std::string(94, 'x'));
  auto next = reader.Next();
  ASSERT_TRUE(next.ok() && !next->has_value());
  for (const char* const more : {"x", "yy\nzz\n", "a\n"}) {
    reader.Append(more);
    next = reader.Next();
    ASSERT_TRUE(next.ok() && !next->has_value());
  }
  reader.Append("\n");
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kResourceExhausted);
}

// So that whoever answers knows that it was a set, whose errno is negative.
TEST(UapiRequestReaderTest, CallsOnlyASetTooLong) {
  UapiRequestReader reader(100);
  reader.Append("get=1\n");
  reader.Append(std::string(95, 'x'));
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(UapiRequestReaderTest, HasNoLimitOnTheNumberOfRequests) {
  UapiRequestReader reader(100);
  for (int i = 0; i < 1000; ++i) {
    reader.Append("get=1\n\nget=1\n\nset");
    for (int request = 0; request < 2; ++request) {
      auto next = reader.Next();
      ASSERT_TRUE(next.ok() && next->has_value());
    }
    auto rest = reader.Next();
    ASSERT_TRUE(rest.ok() && !rest->has_value());
    reader.Append("=1\n\n");
    auto last = reader.Next();
    ASSERT_TRUE(last.ok() && last->has_value());
  }
}

}  // namespace
}  // namespace ringwire
