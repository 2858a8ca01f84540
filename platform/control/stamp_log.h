#ifndef RINGWIRE_PLATFORM_CONTROL_STAMP_LOG_H_
#define RINGWIRE_PLATFORM_CONTROL_STAMP_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/control/control_plane.h"
#include "crypto/secret.h"

// The bytes of a file of handshake timestamps (stamp_files.h). Pure.
//
// A file is a head and frames. The head is a line: the format's name and version, the file's
// generation (of two files the greater one counts), a BLAKE2s hash of that. A frame is what one
// save has appended: its payload's length (4 bytes, little-endian like every number here), a
// BLAKE2s hash, the payload. The hash also covers generation and offset, so that a frame of an
// older use of the file is not taken for one of this use. A payload is a sequence of records, each
// with its type in the first byte:
//
//   1  key (32): one of our public keys; the n-th such record of a file gives it the number n
//   2  number (4), peer's key (32), timestamp (12): the greatest one so far
//   3  number (4), peer's key (32): its timestamp was dropped
//   4  number (4), peer's key (32), unix time (4), scope (4), port (2), size of the address (1: 4
//   or
//      16), address: the endpoint of the peer when a session was confirmed
namespace ringwire::platform {

inline constexpr size_t kStampHeadBytes = 18 + 20 + 1 + 64 + 1;

// The head of a file; always kStampHeadBytes long.
std::string StampHead(uint64_t generation);

// Writes frames for one file, and remembers which of our keys have numbers there.
class StampFrames {
 public:
  explicit StampFrames(uint64_t generation = 0) : generation_(generation) {}

  // Appends frames with the changes to `out`, which begins at `offset` of the file. Whether these
  // changes are complete, and so belong at a file's begin, is the caller's business.
  void Append(const StampChanges& changes, uint64_t offset, std::string* out);

  uint64_t generation() const { return generation_; }

 private:
  friend class StampLogParser;

  // The number of one of our keys; gives it one if it has none.
  uint32_t NumberOf(const crypto::PublicKey& local, std::string* out);
  void AppendRecord(uint8_t type, const StampKey& key, std::string* out);

  uint64_t generation_;
  absl::flat_hash_map<crypto::PublicKey, uint32_t> numbers_;
};

// The contents of a file.
struct StampLog {
  enum class Kind : uint8_t {
    kOther,  // no file of this format: empty, a text of an older version, or damaged
    kNewer,  // of a newer version
    kCurrent,
  };
  Kind kind = Kind::kOther;
  std::vector<HandshakeStamp> stamps;  // raised longest ago first
  std::vector<LiveEndpoint> alive;     // the latest of each peer, longest ago first
  size_t valid_bytes = 0;              // the rest is no whole frame: of a save that did not end
  StampFrames frames;                  // to append to this file
};
StampLog ParseStampLog(std::string_view bytes);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONTROL_STAMP_LOG_H_
