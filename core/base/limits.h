#ifndef RINGWIRE_CORE_BASE_LIMITS_H_
#define RINGWIRE_CORE_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

// Every capacity of ringwire with its reason. Limits of the protocol are in core/wire/constants.h.
//
// Rule: a limit that peers share gates no peer's events. Where others can fill one, its comment
// says after "Full:" what that costs everybody else. tests/sim/shared_budget_test.cc fills them.
namespace ringwire {

// The kernel driver's own limit.
inline constexpr size_t kPeersMax = size_t{1} << 20;
// IFF_MULTI_QUEUE gives at most 256 queues a device; a worker owns one.
inline constexpr size_t kWorkersMax = 256;

// UDP_SEGMENT takes 64 segments on every kernel that has it (128 only from 6.9).
inline constexpr size_t kTrainSegmentsMax = 64;
// The largest UDP payload over IPv4: 65,535 - 20 - 8.
inline constexpr size_t kTrainBytesMax = 65507;
// The largest packet that a TUN read returns, superpackets included.
inline constexpr size_t kTunPacketBytesMax = 65535;

// How much one call of Outbound::Process may seal: small enough to stay in a core's L2 cache, large
// enough for the worst superpacket (65,535 bytes at an MSS of 48: 1,366 segments of at most 176
// sealed bytes). Full: what is in it is sent, then the rest is taken.
inline constexpr size_t kTrainArenaBytes = 512 * 1024;
static_assert(kTrainArenaBytes >= 1366 * 176);

// Frames and datagrams (or trains of them) that a backend delivers at once: bounds the latency of
// the first. Full: the rest comes with the next batch. Each run may have its own cookie reply.
inline constexpr size_t kBatchRunsMax = 64;

// Packets awaiting a session: per peer as in the kernel driver, for all peers together in bytes. No
// peer holds more than a 64th of these. Full: the peer that holds most loses its oldest packet, and
// a packet that is not stored asks for a session all the same.
inline constexpr size_t kStagedPacketsPerPeerMax = 128;
inline constexpr size_t kStagedPoolBytes = size_t{16} << 20;
inline constexpr size_t kStagedBytesPerPeerMax = kStagedPoolBytes / 64;
static_assert(kStagedBytesPerPeerMax >= kTunPacketBytesMax);

// Handshake messages on their way from one worker to control, which takes them out before each that
// it handles. From three quarters on every source must show a cookie. Full: while control is busy
// otherwise, and by sources that show cookies.
inline constexpr size_t kHandshakeQueueMax = 1024;
// Initiations that wait for control, of all workers: a few seconds of work. From
// kInitiationsInStorm on, about a second of work, a message must show a cookie, and a source that
// does has five tokens; from kInitiationsInFlood on where initiations prove nothing (LoadJudge).
// Full: only by many sources that show cookies, and then for as long as control needs; peers try
// again.
inline constexpr size_t kHandshakesWaitingMax = 16'384;
inline constexpr uint32_t kInitiationsInStorm = 4096;
inline constexpr uint32_t kInitiationsInFlood = 64;
// Answers to our own messages that wait for control. From here on a response must show a cookie
// (a forged one needs nothing but our public key and an index that was seen on the wire), and a
// cookie reply, which proves nothing, is dropped at two thirds of it.
inline constexpr uint32_t kAnswersWithoutCookie = 48;
// Data events on their way to control. Full: control looks at every peer instead; no event is lost.
inline constexpr size_t kEventQueueMax = 4096;
// Commands on their way from control to one worker. Full: another worker gets the command, or
// control keeps it and tries again.
inline constexpr size_t kCommandQueueMax = 4096;

// Sources that the load rule remembers, for all workers together (56 bytes each). Full: the one
// that was quiet longest is forgotten, and begins with a clean record.
inline constexpr size_t kLoadSourcesMax = 16'384;

// Retired objects that may wait for idle or slow readers. Full: the readers are woken.
inline constexpr size_t kRetiredMax = 1024;

// Bytes of a configuration file: kPeersMax peers fit, each with a comment, a preshared key and two
// AllowedIPs (at most 240 bytes). A device or disk image named by mistake does not.
inline constexpr size_t kConfigFileBytesMax = size_t{256} << 20;
static_assert(kPeersMax * 240 <= kConfigFileBytesMax);
// Errors that are listed for one configuration file; further ones are only counted.
inline constexpr size_t kConfigErrorsMax = 100;
// Bytes of one request on the control socket: a set with kPeersMax peers fits, each with the lines
// public_key (76 bytes), preshared_key (79), replace_allowed_ips (25), endpoint (59 at most),
// persistent_keepalive_interval (36 at most), and allowed_ip for two addresses (73).
inline constexpr size_t kUapiRequestBytesMax = size_t{384} << 20;
static_assert(kPeersMax * 348 <= kUapiRequestBytesMax);
// A peer's name is a label in status lines and metrics, not a document.
inline constexpr size_t kPeerNameBytesMax = 64;
// Sources in RouteFrom: for every packet the kernel tries policy rules one by one.
inline constexpr size_t kRouteSourcesMax = 256;
// Lines of PortForward: each is compared with every other, and adds at least one rule for each
// packet that begins a connection. A range of any length is one line.
inline constexpr size_t kPortForwardsMax = 1024;

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_LIMITS_H_
