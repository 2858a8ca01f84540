#ifndef RINGWIRE_PLATFORM_BASE_UNIQUE_FD_H_
#define RINGWIRE_PLATFORM_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace ringwire::platform {

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_BASE_UNIQUE_FD_H_
