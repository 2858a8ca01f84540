#include "platform/control/plane_driver.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "platform/base/clock.h"
#include "spdlog/spdlog.h"

namespace ringwire::platform {
namespace {

// Handshakes in a row (about 0.2 ms each) before the other sources are served.
constexpr int kHandshakesInARow = 64;
// When to retry commands that no queue had room for.
const absl::Duration kFlushRetryInterval = absl::Milliseconds(1);

spdlog::level::level_enum LevelOf(const Notice& notice) {
  switch (notice.level) {
    case Notice::Level::kDebug:
      return spdlog::level::debug;
    case Notice::Level::kInfo:
      return spdlog::level::info;
    case Notice::Level::kWarning:
      break;
  }
  return spdlog::level::warn;
}

}  // namespace

Moment Moment::Now() {
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  return {BootNow(), absl::TimeFromTimespec(wall)};
}

PlaneDriver::PlaneDriver(std::string interface_name, const ControlOptions& options,
                         SharedState* shared, WorkerGroup* workers, std::function<void()> wake)
    : interface_name_(std::move(interface_name)),
      workers_(workers),
      plane_(shared, &random_, &counters_, options),
      handshakes_(shared, &counters_),
      pool_(std::move(wake)) {}

void PlaneDriver::StartPool(size_t threads) {
  if (pool_.Start(threads)) plane_.DeferWork();
}

void PlaneDriver::DrainEvents() {
  const Moment now = Moment::Now();
  for (const auto& worker : workers_->all()) {
    WorkerLink& link = worker->link();
    if (link.events_overflowed.exchange(false)) {
      plane_.HandleAllEvents(now.boot, now.wall, &out_);
    }
    DataEvent event;
    // Bounded: a worker that raises events as fast as they are taken must not keep the thread here.
    for (size_t i = 0; i < kEventQueueMax && link.events.TryPop(&event); ++i) {
      plane_.HandleEvent(now.boot, now.wall, event, &out_);
    }
  }
  CarryOut(now);
}

bool PlaneDriver::HandleHandshakes() {
  HandleWork();
  for (int i = 0; i < kHandshakesInARow; ++i) {
    const Moment now = Moment::Now();
    PullHandshakes(now.boot);
    if (!pool_.has_room()) return false;
    const std::optional<HandshakeDatagram> datagram = handshakes_.Pop(now.boot);
    if (!datagram.has_value()) return false;
    plane_.HandleDatagram(now.boot, now.wall, *datagram, &out_);
    CarryOut(now);
    DrainEvents();
  }
  return true;
}

// Bounded by the work that the pool has under way.
void PlaneDriver::HandleWork() {
  for (size_t i = 0; i < HandshakePool::kUnderWayMax; ++i) {
    std::unique_ptr<HandshakeWork> work = pool_.Take();
    if (work == nullptr) return;
    const Moment now = Moment::Now();
    plane_.HandleWork(now.boot, now.wall, std::move(work), &out_);
    CarryOut(now);
    DrainEvents();
  }
}

void PlaneDriver::PullHandshakes(Instant now) {
  HandshakeDatagram datagram;
  const size_t most = kHandshakeQueueMax * workers_->all().size();
  for (size_t i = 0; i < most && workers_->PopHandshake(&datagram); ++i) {
    handshakes_.Push(now, std::move(datagram));
  }
}

void PlaneDriver::HandleTimeout() {
  const Moment now = Moment::Now();
  if (now.boot < plane_.NextDeadline()) return;
  plane_.HandleTimeout(now.boot, now.wall, &out_);
  CarryOut(now);
}

Instant PlaneDriver::due() const {
  const Instant due = plane_.NextDeadline();
  return flushes_.empty() ? due : std::min(due, BootNow() + kFlushRetryInterval);
}

absl::Status PlaneDriver::Apply(const DeviceUpdate& update) {
  const Moment now = Moment::Now();
  const absl::Status status = plane_.Apply(now.boot, now.wall, update, &out_);
  CarryOut(now);
  return status;
}

void PlaneDriver::SetLinkUp(bool up) {
  const Moment now = Moment::Now();
  plane_.SetLinkUp(now.boot, now.wall, up, &out_);
  CarryOut(now);
}

void PlaneDriver::MachineWasCopied() {
  const Moment now = Moment::Now();
  plane_.MachineWasCopied(now.boot, now.wall, &out_);
  CarryOut(now);
}

void PlaneDriver::ForgetSources(std::span<const PeerId> peers) {
  if (peers.empty()) return;
  const Moment now = Moment::Now();
  for (const PeerId peer : peers) {
    plane_.HandleEvent(now.boot, now.wall, DataEvent{peer, kSourceUnusable}, &out_);
  }
  CarryOut(now);
}

void PlaneDriver::CarryOut(Moment now) {
  if (out_.datagrams.empty() && out_.flush_staged.empty() && out_.notices.empty() &&
      flushes_.empty() && out_.unanswered.empty() && out_.work.empty()) {
    return;
  }
  SendDatagrams(now);
  // There is room: work comes out only for a message or a step that was taken while there was.
  for (std::unique_ptr<HandshakeWork>& work : out_.work) pool_.Submit(std::move(work));
  for (FlushStaged& flush : out_.flush_staged) flushes_.push_back(std::move(flush));
  PushFlushes();
  LogNotices();
  if (on_unanswered_ != nullptr && !out_.unanswered.empty()) on_unanswered_(out_.unanswered);
  out_.Clear();
}

// A failed source address may make the plane send again; a second failure waits for the next send.
void PlaneDriver::SendDatagrams(Moment now) {
  std::vector<PeerId> unusable;
  for (const OutgoingDatagram& datagram : out_.datagrams) {
    bool source_unusable = false;
    const absl::Status sent = SendDatagram(workers_->all().front()->sockets(), datagram.to,
                                           datagram.tos, datagram.message(), &source_unusable);
    if (!sent.ok()) {
      counters_.Drop(DropReason::kSendFailed);
      spdlog::debug("{}: {}", interface_name_, std::string(sent.message()));
    }
    if (source_unusable && datagram.peer.generation != 0) unusable.push_back(datagram.peer);
  }
  out_.datagrams.clear();
  for (const PeerId peer : unusable) {
    plane_.HandleEvent(now.boot, now.wall, DataEvent{peer, kSourceUnusable}, &out_);
  }
}

void PlaneDriver::PushFlushes() {
  while (!flushes_.empty() && workers_->PushFlush(&flushes_.front())) flushes_.pop_front();
}

void PlaneDriver::LogNotices() {
  for (const Notice& notice : out_.notices) {
    spdlog::log(LevelOf(notice), "{}: {}", interface_name_, notice.text);
  }
}

}  // namespace ringwire::platform
