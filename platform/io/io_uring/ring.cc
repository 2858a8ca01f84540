#include "platform/io/io_uring/ring.h"

#include <array>
#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

// A full round of sends and writes, but for the last few, in one enter.
constexpr unsigned kSubmissionEntries = 256;
// Every buffer, every failure of a full round, and as much again: an overflow would end the
// multishot requests.
constexpr unsigned kCompletionEntries = 1024;
// How often an enter that took nothing, for lack of memory or room, is repeated before it fails.
constexpr int kEnterAttempts = 64;

struct Operation {
  uint8_t code;
  const char* name;
};
constexpr std::array<Operation, 5> kOperations{{{IORING_OP_RECVMSG, "RECVMSG"},
                                                {IORING_OP_SENDMSG, "SENDMSG"},
                                                {IORING_OP_WRITEV, "WRITEV"},
                                                {IORING_OP_POLL_ADD, "POLL_ADD"},
                                                {IORING_OP_ASYNC_CANCEL, "ASYNC_CANCEL"}}};
// The registrations that a running ring allows: new sockets, and unregistering at the end.
constexpr std::array<uint8_t, 3> kRegistrations{
    IORING_REGISTER_FILES_UPDATE, IORING_UNREGISTER_FILES, IORING_UNREGISTER_RING_FDS};

absl::Status SetUpError(int error) {
  const char* advice = "";
  if (error == EPERM) {
    advice =
        " (forbidden by a seccomp filter, as in most containers, or by kernel.io_uring_disabled)";
  } else if (error == ENOSYS) {
    advice = " (this kernel has no io_uring, or a container's seccomp filter hides it)";
  } else if (error == ENOMEM) {
    advice = " (use fewer workers, or raise the limit of locked memory)";
  } else if (error == EINVAL) {
    advice = " (this kernel's io_uring is too old: 6.1 has what the ring needs)";
  }
  return absl::ErrnoToStatus(error, absl::StrCat("set up io_uring", advice));
}

}  // namespace

absl::Status Ring::SetUp() {
  CHECK(!open_);
  io_uring_params params{};
  // One thread submits and waits, and completions are handled only when it waits. That also keeps
  // the kernel from receiving into a buffer before the requests submitted with the same enter have
  // been carried out. The library adds NO_SQARRAY where the kernel has it.
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED;
  params.cq_entries = kCompletionEntries;
  const int result = io_uring_queue_init_params(kSubmissionEntries, &ring_, &params);
  if (result < 0) return SetUpError(-result);
  open_ = true;
  return CheckOperations();
}

absl::Status Ring::Open(std::span<const int, kRingFiles> files) {
  if (!open_) {
    RETURN_IF_ERROR(SetUp());
  }
  const int result = io_uring_register_files(&ring_, files.data(), kRingFiles);
  if (result < 0) return absl::ErrnoToStatus(-result, "register files with io_uring");
  return absl::OkStatus();
}

absl::Status Ring::CheckOperations() {
  const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(
      io_uring_get_probe_ring(&ring_), &io_uring_free_probe);
  if (probe == nullptr) return absl::UnimplementedError("ask io_uring for its operations: refused");
  for (const Operation& operation : kOperations) {
    if (io_uring_opcode_supported(probe.get(), operation.code)) continue;
    return absl::UnimplementedError(
        absl::StrCat("io_uring of this kernel does not know ", operation.name));
  }
  knows_read_multishot_ = io_uring_opcode_supported(probe.get(), IORING_OP_READ_MULTISHOT) != 0;
  return absl::OkStatus();
}

absl::Status Ring::RegisterBuffers(uint16_t group, void* memory, uint32_t entries) {
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uintptr_t>(memory);
  registration.ring_entries = entries;
  registration.bgid = group;
  const int result = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (result < 0) return absl::ErrnoToStatus(-result, "register a buffer ring with io_uring");
  return absl::OkStatus();
}

absl::Status Ring::Restrict() {
  std::array<io_uring_restriction, kOperations.size() + kRegistrations.size() + 3> rules{};
  size_t count = 0;
  for (const Operation& operation : kOperations) {
    rules[count].opcode = IORING_RESTRICTION_SQE_OP;
    rules[count++].sqe_op = operation.code;
  }
  if (knows_read_multishot_) {  // a rule for an unknown operation is refused
    rules[count].opcode = IORING_RESTRICTION_SQE_OP;
    rules[count++].sqe_op = IORING_OP_READ_MULTISHOT;
  }
  for (const uint8_t registration : kRegistrations) {
    rules[count].opcode = IORING_RESTRICTION_REGISTER_OP;
    rules[count++].register_op = registration;
  }
  rules[count].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  rules[count++].sqe_flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
  const int result =
      io_uring_register_restrictions(&ring_, rules.data(), static_cast<unsigned>(count));
  if (result < 0) return absl::ErrnoToStatus(-result, "restrict io_uring to the operations in use");
  return absl::OkStatus();
}

absl::Status Ring::Enable() {
  RETURN_IF_ERROR(Restrict());
  const int result = io_uring_enable_rings(&ring_);
  if (result < 0) return absl::ErrnoToStatus(-result, "enable io_uring");
  // Saves the look-up of the descriptor in every enter; it is optional.
  io_uring_register_ring_fd(&ring_);
  return absl::OkStatus();
}

absl::Status Ring::ReplaceFile(RingFile place, int fd) {
  const int result = io_uring_register_files_update(&ring_, static_cast<unsigned>(place), &fd, 1);
  if (result < 0) return absl::ErrnoToStatus(-result, "replace a socket in io_uring");
  return absl::OkStatus();
}

void Ring::ReleaseFiles() {
  if (open_) io_uring_unregister_files(&ring_);
}

void Ring::Close() {
  if (!open_) return;
  io_uring_queue_exit(&ring_);
  open_ = false;
}

io_uring_sqe* Ring::Next(RingTag tag) {
  io_uring_sqe* request = io_uring_get_sqe(&ring_);
  for (int attempt = 0; request == nullptr && attempt < kEnterAttempts; ++attempt) {
    io_uring_submit(&ring_);
    request = io_uring_get_sqe(&ring_);
  }
  // Set before the request is prepared: that leaves user_data alone.
  if (request != nullptr) io_uring_sqe_set_data64(request, tag.Pack());
  return request;
}

absl::Status Ring::Enter(unsigned wait_for) {
  for (int attempt = 0; attempt < kEnterAttempts; ++attempt) {
    const int result = wait_for > 0 ? io_uring_submit_and_wait(&ring_, wait_for)
                                    : io_uring_submit_and_get_events(&ring_);
    if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY) {
      return absl::ErrnoToStatus(-result, "wait with io_uring");
    }
    // After a signal or a shortage some requests may still wait for submission.
    if (io_uring_sq_ready(&ring_) == 0) return absl::OkStatus();
    wait_for = 0;
  }
  return absl::ResourceExhaustedError("submit to io_uring: the kernel takes no request");
}

}  // namespace ringwire::platform
