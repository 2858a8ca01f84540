#ifndef RINGWIRE_PLATFORM_TLS_TLS_BUFFER_H_
#define RINGWIRE_PLATFORM_TLS_TLS_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct bio_method_st;

namespace ringwire::platform {

// The encrypted bytes of one direction, oldest first, in one block of fixed size. The block exists
// only while it is in use, so that an idle connection costs none. Thread-compatible.
class TlsBuffer {
 public:
  explicit TlsBuffer(size_t capacity) : capacity_(capacity) {}
  TlsBuffer(const TlsBuffer&) = delete;
  TlsBuffer& operator=(const TlsBuffer&) = delete;

  std::span<const uint8_t> data() const { return {block_.get() + begin_, end_ - begin_}; }
  void Consume(size_t size);

  // Where the next bytes go; Append() says how many came. Moves data(), so no span of it stays
  // valid. Empty: the buffer is full.
  std::span<uint8_t> Space();
  void Append(size_t size);

  // Frees the block if nothing is in it.
  void ReleaseIfEmpty();

 private:
  const size_t capacity_;
  std::unique_ptr<uint8_t[]> block_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

// The library's view of the two buffers: it reads from `incoming` and writes to `outgoing`, and
// asks to be called again where one is empty or the other full.
struct TlsBuffers {
  TlsBuffer incoming;
  TlsBuffer outgoing;
  bool input_ended = false;  // the transport is closed: an empty `incoming` is its end
};
// For BIO_new(); BIO_set_data() takes the TlsBuffers, which must outlive it. Never null, static.
const bio_method_st* TlsBufferBio();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_TLS_TLS_BUFFER_H_
