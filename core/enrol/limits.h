#ifndef RINGWIRE_CORE_ENROL_LIMITS_H_
#define RINGWIRE_CORE_ENROL_LIMITS_H_

#include <cstddef>
#include <cstdint>

// Every capacity of enrolment with its reason. Those of the packet path are in core/base/limits.h.
namespace ringwire::enrol {

// A message between two of our processes, so that one takes at most two pages of a reader's stack
// and a full queue of them stays far below a socket's buffer. Longer lists travel as sealed memory.
inline constexpr size_t kMessageBytesMax = 8192;
// Such memory: kUsersMax users with their longest fields do not all fit, but any real list does.
inline constexpr size_t kFileBytesMax = size_t{64} << 20;

// A user's name and a device's name: labels in logs and status lines, not documents.
inline constexpr size_t kUserBytesMax = 64;
inline constexpr size_t kDeviceBytesMax = 64;
// Longer than any passphrase, and short enough for every crypt(5) method (512 bytes fail there).
inline constexpr size_t kPasswordBytesMax = 256;
// A crypt(5) hash; CRYPT_OUTPUT_SIZE is 384.
inline constexpr size_t kHashBytesMax = 384;
// Lines of a users file: more than MaxLeases can ever use at a time.
inline constexpr size_t kUsersMax = 100'000;
// Networks behind one user's client: each is an AllowedIP and a route.
inline constexpr size_t kUserNetworksMax = 16;

// Leases of one gateway: the hosts of an IPv4 /16.
inline constexpr uint32_t kLeasesMax = 65'536;
// Addresses of a lease: one for each family that Pool has.
inline constexpr size_t kLeaseAddressesMax = 4;
// Prefixes of Pool: each allocation may look at every one.
inline constexpr size_t kPoolPrefixesMax = 16;
// Addresses and networks that a pool must leave out.
inline constexpr size_t kReservedPrefixesMax = 65'536;

// Settings that a lease brings: what fits an answer of 32 KiB with room to spare.
inline constexpr size_t kPushedRoutesMax = 256;
inline constexpr size_t kPushedServersMax = 8;
inline constexpr size_t kPushedDomainsMax = 16;
inline constexpr size_t kPushedEndpointsMax = 4;
inline constexpr size_t kGatewayAddressesMax = 4;

inline constexpr size_t kListenersMax = 8;
inline constexpr size_t kServerNamesMax = 8;
// A name of the DNS; with a colon and a port, and a "~" in front of a domain.
inline constexpr size_t kHostNameBytesMax = 253;
inline constexpr size_t kEndpointBytesMax = kHostNameBytesMax + 8;

// A PEM chain of depth 8 with RSA keys of 8,192 bits, and its private key.
inline constexpr size_t kChainBytesMax = 256 * 1024;
inline constexpr size_t kPrivateKeyBytesMax = 64 * 1024;
// The CAs that a client trusts, in PEM: a system's own list has some 200 KB.
inline constexpr size_t kAnchorsBytesMax = size_t{4} << 20;
// What TLS 1.3 has signed: 64 spaces, a label of 34 bytes, and a hash of at most 64 bytes.
inline constexpr size_t kSignInputBytesMax = 64 + 34 + 64;
// Of an RSA key of 8,192 bits.
inline constexpr size_t kSignatureBytesMax = 1024;

// Tries of a proof that fails: of one source (an IPv4 address, an IPv6 /64), so that guessing a
// password takes years; a person who mistypes has ten tries at once.
inline constexpr int64_t kSourceTriesPerMinute = 5;
inline constexpr int64_t kSourceTriesBurst = 10;
// Of one name from sources that it has not logged in from within kKnownSourceSeconds, and as many
// more from those that it has, so that a stranger cannot lock a user out of his own network.
inline constexpr uint32_t kNameTriesMax = 10;
inline constexpr int64_t kNameWindowSeconds = 15 * 60;
inline constexpr int64_t kKnownSourceSeconds = int64_t{30} * 24 * 3600;
// Sources, names, and pairs of them that are remembered. Full: the oldest is forgotten, and begins
// with a clean record.
inline constexpr size_t kLimiterEntriesMax = 65'536;

// Renewals of one lease in a minute; more are answered by 429.
inline constexpr uint32_t kRenewalsPerMinute = 10;
// A lease that no handshake and no renewal confirms: its client never came.
inline constexpr int64_t kConfirmSeconds = 5 * 60;
// How long a user's key finds its addresses again after its lease.
inline constexpr int64_t kAddressKeptSeconds = int64_t{30} * 24 * 3600;
inline constexpr size_t kKeptAddressesMax = 65'536;
// How long an ended lease's token is answered with the reason, and how many are kept. Full: the
// oldest is forgotten, and its token is an unknown one.
inline constexpr int64_t kEndedKeptSeconds = int64_t{24} * 3600;
inline constexpr size_t kEndedMax = 65'536;

// Passwords that are hashed at a time, each in a thread of its own, and those that wait. Full: 503.
inline constexpr size_t kHashThreads = 2;
inline constexpr size_t kHashesWaitingMax = 64;

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_LIMITS_H_
