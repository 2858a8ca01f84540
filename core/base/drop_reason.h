#ifndef RINGWIRE_CORE_BASE_DROP_REASON_H_
#define RINGWIRE_CORE_BASE_DROP_REASON_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringwire {

// Why a packet was dropped. A hostile packet is data: it raises one of these counters and nothing
// else. The second column is the name in `ringwire show` and in metrics. The order is that of the
// checks on a packet.
#define RINGWIRE_DROP_REASONS(X)                                 \
  /* TUN -> wire */                                              \
  X(kTunReadFailed, "tun_read_failed")                           \
  X(kTunFrameMalformed, "tun_frame_malformed")                   \
  X(kTunNotIp, "tun_not_ip")                                     \
  X(kNoPeerForDestination, "no_peer_for_destination")            \
  X(kPeerHasNoEndpoint, "peer_has_no_endpoint")                  \
  X(kRoutingLoop, "routing_loop")                                \
  X(kPacketTooBig, "packet_too_big")                             \
  X(kStagedQueueFull, "staged_queue_full")                       \
  X(kStagedPoolFull, "staged_pool_full")                         \
  X(kStagedAbandoned, "staged_abandoned")                        \
  X(kCounterLimit, "counter_limit")                              \
  X(kSendBufferFull, "send_buffer_full")                         \
  X(kSendFailed, "send_failed")                                  \
  /* wire -> TUN: every datagram */                              \
  X(kDatagramTruncated, "datagram_truncated")                    \
  X(kDeviceDown, "device_down")                                  \
  X(kDatagramTooShort, "datagram_too_short")                     \
  X(kUnknownMessageType, "unknown_message_type")                 \
  X(kMessageWrongLength, "message_wrong_length")                 \
  /* handshakes */                                               \
  X(kNoPrivateKey, "no_private_key")                             \
  X(kResponseUnknownIndex, "response_unknown_index")             \
  X(kCookieReplyUnknownIndex, "cookie_reply_unknown_index")      \
  X(kInvalidMac1, "invalid_mac1")                                \
  X(kCookieRequired, "cookie_required")                          \
  X(kSourceRateLimited, "source_rate_limited")                   \
  X(kHandshakeQueueFull, "handshake_queue_full")                 \
  X(kHandshakeStale, "handshake_stale")                          \
  X(kZeroSharedSecret, "zero_shared_secret")                     \
  X(kInitiationStaticInvalid, "initiation_static_invalid")       \
  X(kUnknownPeer, "unknown_peer")                                \
  X(kInitiationTimestampInvalid, "initiation_timestamp_invalid") \
  X(kInitiationReplayed, "initiation_replayed")                  \
  X(kInitiationFlood, "initiation_flood")                        \
  X(kResponseInvalid, "response_invalid")                        \
  X(kCookieReplyInvalid, "cookie_reply_invalid")                 \
  /* transport data */                                           \
  X(kUnknownReceiverIndex, "unknown_receiver_index")             \
  X(kKeypairExpired, "keypair_expired")                          \
  X(kTransportInvalid, "transport_invalid")                      \
  X(kReplay, "replay")                                           \
  X(kInnerNotIp, "inner_not_ip")                                 \
  X(kInnerBadLength, "inner_bad_length")                         \
  X(kSourceNotAllowed, "source_not_allowed")                     \
  X(kEcnInvalid, "ecn_invalid")                                  \
  X(kTunWriteFailed, "tun_write_failed")

enum class DropReason : uint8_t {
#define RINGWIRE_DROP_ENUM(name, text) name,
  RINGWIRE_DROP_REASONS(RINGWIRE_DROP_ENUM)
#undef RINGWIRE_DROP_ENUM
};

#define RINGWIRE_DROP_COUNT(name, text) +1
inline constexpr size_t kDropReasonCount = 0 RINGWIRE_DROP_REASONS(RINGWIRE_DROP_COUNT);
#undef RINGWIRE_DROP_COUNT

// The stable, lower-case name of a reason.
std::string_view DropReasonName(DropReason reason);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_BASE_DROP_REASON_H_
