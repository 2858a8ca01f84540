#ifndef RINGWIRE_PLATFORM_WORKER_TURN_BUDGET_H_
#define RINGWIRE_PLATFORM_WORKER_TURN_BUDGET_H_

#include <cstddef>
#include <span>

#include "core/datapath/batch.h"

namespace ringwire::platform {

// As many datagrams or trains in one batch mean that more wait in the socket: io_uring's multishot
// receive delivers 32 each time that the kernel is entered.
inline constexpr size_t kRunsOfBacklog = 32;
// What a turn takes from TUN at least, while datagrams wait: about as much work as those datagrams
// are, if they are small.
inline constexpr size_t kTunBytesBesideBacklog = 64 * 1024;

// How many of `frames`, from the first, this turn seals; the others belong to the next turn. While
// datagrams wait, it takes no more bytes from TUN than have arrived: a datagram that overflows the
// socket was sealed, sent and received in vain, and a packet that overflows TUN has cost nothing
// yet. A flood of datagrams cannot stop TUN, because a turn takes kTunBytesBesideBacklog and at
// least one frame in any case. Pure.
size_t FramesOfTurn(std::span<const TunFrame> frames, std::span<const ReceivedRun> runs);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_WORKER_TURN_BUDGET_H_
