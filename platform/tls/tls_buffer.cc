#include "platform/tls/tls_buffer.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

TlsBuffers* BuffersOf(BIO* bio) { return static_cast<TlsBuffers*>(BIO_get_data(bio)); }

int WriteBio(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  TlsBuffer& outgoing = BuffersOf(bio)->outgoing;
  const std::span<uint8_t> space = outgoing.Space();
  const size_t taken = std::min(space.size(), static_cast<size_t>(std::max(size, 0)));
  if (taken == 0) {
    BIO_set_retry_write(bio);
    return -1;
  }
  std::memcpy(space.data(), bytes, taken);
  outgoing.Append(taken);
  return static_cast<int>(taken);
}

int ReadBio(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  TlsBuffers* const buffers = BuffersOf(bio);
  const std::span<const uint8_t> data = buffers->incoming.data();
  const size_t taken = std::min(data.size(), static_cast<size_t>(std::max(size, 0)));
  if (taken == 0) {
    if (buffers->input_ended) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(bytes, data.data(), taken);
  buffers->incoming.Consume(taken);
  return static_cast<int>(taken);
}

long ControlBio(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;  // what is written is in the buffer already
}

int CreateBio(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* MakeBio() {
  BIO_METHOD* const method = BIO_meth_new(0, "TlsBuffers");
  CHECK(method != nullptr && BIO_meth_set_write(method, WriteBio) == 1 &&
        BIO_meth_set_read(method, ReadBio) == 1 && BIO_meth_set_ctrl(method, ControlBio) == 1 &&
        BIO_meth_set_create(method, CreateBio) == 1);
  return method;
}

}  // namespace

void TlsBuffer::Consume(size_t size) {
  CHECK(size <= end_ - begin_);
  begin_ += size;
  if (begin_ == end_) begin_ = end_ = 0;
}

std::span<uint8_t> TlsBuffer::Space() {
  if (block_ == nullptr) block_ = std::make_unique_for_overwrite<uint8_t[]>(capacity_);
  if (begin_ > 0) {
    std::memmove(block_.get(), block_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {block_.get() + end_, capacity_ - end_};
}

void TlsBuffer::Append(size_t size) {
  CHECK(size <= capacity_ - end_);
  end_ += size;
}

void TlsBuffer::ReleaseIfEmpty() {
  if (begin_ == end_) block_.reset();
}

const BIO_METHOD* TlsBufferBio() {
  static const BIO_METHOD* const kMethod = MakeBio();
  return kMethod;
}

}  // namespace ringwire::platform
