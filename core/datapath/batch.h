#ifndef RINGWIRE_CORE_DATAPATH_BATCH_H_
#define RINGWIRE_CORE_DATAPATH_BATCH_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/peer_id.h"
#include "core/base/run.h"
#include "core/datapath/coalesce.h"
#include "core/wire/address.h"

// The batches that pass between the packet path and an I/O backend. Spans and pointers are
// borrowed; each type states until when.
namespace ringwire {

// One read of a TUN queue: the ten-byte virtio-net header, then one IP packet or superpacket.
// Borrowed from the backend until IoBackend::Release().
struct TunFrame {
  std::span<uint8_t> bytes;
};

// A datagram, or a GRO train of them, from one source. Borrowed from the backend until
// IoBackend::Release().
struct ReceivedRun {
  Run run;
  Endpoint from;           // local: the address that was contacted
  uint8_t tos = 0;         // outer TOS / traffic class
  bool truncated = false;  // longer than the buffer: to be dropped whole
};

// A train to send: equal datagrams for one endpoint (the last may be shorter), at most
// kTrainSegmentsMax and kTrainBytesMax. The bytes lie in the train arena (or in the sender's own
// storage) until the backend has sent them. The backend reports `peer` if its local address is
// unusable.
struct SendRun {
  Run run;
  Endpoint to;
  uint8_t tos = 0;
  PeerId peer;
};

// Packets for TUN: each write is a list of pieces (the first begins with the virtio-net header).
struct TunWriteBatch {
  std::span<const TunWrite> writes;
  std::span<const Piece> pieces;
  std::span<const Piece> PiecesOf(const TunWrite& write) const {
    return pieces.subspan(write.first_piece, write.piece_count);
  }
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DATAPATH_BATCH_H_
