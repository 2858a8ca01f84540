#include "tests/support/node.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "crypto/x25519.h"

namespace ringwire {

Node::Node(uint64_t seed, InboundOptions inbound, ControlOptions control,
           const crypto::AeadProviders& aead_providers)
    : random_(seed),
      private_key_(crypto::GeneratePrivateKey(random_)),
      public_key_(crypto::PublicFromPrivate(private_key_)),
      shared_(std::make_unique<SharedState>()),
      load_sources_(random_.Uint64()),
      engine_(aead_providers),
      reader_(shared_->quiescence.AddReader()),
      control_(shared_.get(), &random_, &control_counters_, control),
      handshakes_(shared_.get(), &control_counters_),
      outbound_(shared_.get(), &link_, &engine_, &worker_counters_),
      inbound_(shared_.get(), &link_, &engine_, &random_, &worker_counters_, &load_sources_,
               inbound) {
  control_.DeferWork();
}

Node::~Node() = default;

void Node::set_private_key(const crypto::PrivateKey& key) {
  private_key_ = key;
  crypto::Clamp(&private_key_);
  public_key_ = crypto::PublicFromPrivate(private_key_);
}

void Node::Start(Instant now) {
  DeviceUpdate update;
  update.private_key = private_key_;
  CHECK(Apply(now, update).ok());
  SetLinkUp(now, true);
}

absl::Status Node::Apply(Instant now, const DeviceUpdate& update) {
  absl::Status status = control_.Apply(now, WallAt(now), update, &output_);
  if (status.ok() && update.private_key.has_value() && !update.private_key->IsZero()) {
    set_private_key(*update.private_key);
  }
  CarryOut(now);
  RunControl(now);
  return status;
}

void Node::SetLinkUp(Instant now, bool up) {
  control_.SetLinkUp(now, WallAt(now), up, &output_);
  CarryOut(now);
  RunControl(now);
}

void Node::FromTun(Instant now, std::span<const uint8_t> packet) {
  std::vector<uint8_t> frame(kVnetHeaderBytes, 0);
  frame.insert(frame.end(), packet.begin(), packet.end());
  FrameFromTun(now, std::move(frame));
}

void Node::FrameFromTun(Instant now, std::vector<uint8_t> frame) {
  const TunFrame frames[] = {{frame}};
  reader_->Online();
  outbound_.Reset();
  CHECK(outbound_.Process(now, frames) == 1);  // one frame always fits an empty arena
  SendOutbound();
  reader_->Offline();
  RunControl(now);
}

void Node::FromWire(Instant now, const Endpoint& from, std::span<const uint8_t> bytes,
                    size_t segment_bytes, uint8_t tos) {
  // Laid out as by the backends: with room before it for core's headers.
  constexpr size_t kHeadroom = 64;
  std::vector<uint8_t> buffer(kHeadroom + bytes.size());
  std::copy(bytes.begin(), bytes.end(), buffer.begin() + kHeadroom);
  const ReceivedRun runs[] = {
      {Run::Train(std::span(buffer).subspan(kHeadroom), segment_bytes), from, tos, false}};
  reader_->Online();
  inbound_.Process(now, runs);
  for (const SendRun& run : inbound_.to_wire()) {
    const std::span<uint8_t> segment = run.run.Segment(0);
    datagrams_.push_back({run.to, run.tos, {segment.begin(), segment.end()}, run.peer});
  }
  Deliver(inbound_.to_tun());
  reader_->Offline();
  RunControl(now);
}

void Node::RunControl(Instant now) {
  if (hold_control_) return;
  const auto drain_events = [&] {
    DataEvent event;
    while (link_.events.TryPop(&event)) control_.HandleEvent(now, WallAt(now), event, &output_);
    if (link_.events_overflowed.exchange(false))
      control_.HandleAllEvents(now, WallAt(now), &output_);
  };
  do {
    bool progress = true;
    RunWork(now);
    while (progress) {
      drain_events();
      HandshakeDatagram admitted;
      while (link_.handshakes.TryPop(&admitted)) handshakes_.Push(now, std::move(admitted));
      const std::optional<HandshakeDatagram> handshake = handshakes_.Pop(now);
      progress = handshake.has_value();
      if (progress) control_.HandleDatagram(now, WallAt(now), *handshake, &output_);
      RunWork(now);
    }
    if (control_.NextDeadline() <= now) control_.HandleTimeout(now, WallAt(now), &output_);
    CarryOut(now);
  } while (link_.events.size() > 0);  // of the worker that carried out a command
}

void Node::RunWork(Instant now) {
  for (std::unique_ptr<HandshakeWork>& work : output_.work) work_.push_back(std::move(work));
  output_.work.clear();
  while (!hold_work_ && !work_.empty()) RunOneStep(now);
}

void Node::RunOneStep(Instant now) {
  std::unique_ptr<HandshakeWork> work = std::move(work_.front());
  work_.pop_front();
  work->Run(random_);
  control_.HandleWork(now, WallAt(now), std::move(work), &output_);
  for (std::unique_ptr<HandshakeWork>& next : output_.work) work_.push_back(std::move(next));
  output_.work.clear();
}

void Node::RunCommands(Instant now) {
  FlushCommands(now);
  RunControl(now);
}

std::vector<Datagram> Node::TakeDatagrams() { return std::exchange(datagrams_, {}); }
std::vector<std::vector<uint8_t>> Node::TakeDelivered() { return std::exchange(delivered_, {}); }
std::vector<Notice> Node::TakeNotices() { return std::exchange(notices_, {}); }

uint64_t Node::DroppedTotal() const {
  uint64_t total = 0;
  for (size_t i = 0; i < kDropReasonCount; ++i) total += Dropped(static_cast<DropReason>(i));
  return total;
}

void Node::CarryOut(Instant now) {
  for (const OutgoingDatagram& datagram : output_.datagrams) {
    const std::span<const uint8_t> message = datagram.message();
    datagrams_.push_back(
        {datagram.to, datagram.tos, {message.begin(), message.end()}, datagram.peer});
  }
  commands_.insert(commands_.end(), output_.flush_staged.begin(), output_.flush_staged.end());
  notices_.insert(notices_.end(), output_.notices.begin(), output_.notices.end());
  output_.Clear();
  if (!hold_commands_) FlushCommands(now);
}

void Node::FlushCommands(Instant now) {
  for (const FlushStaged& flush : std::exchange(commands_, {})) {
    reader_->Online();
    bool all = false;
    while (!all) {
      outbound_.Reset();
      all = outbound_.FlushStaged(now, *flush.peer);
      SendOutbound();
    }
    reader_->Offline();
  }
}

void Node::SendOutbound() {
  for (const SendRun& run : outbound_.to_wire()) {
    for (uint32_t i = 0; i < run.run.count; ++i) {
      const std::span<uint8_t> segment = run.run.Segment(i);
      datagrams_.push_back({run.to, run.tos, {segment.begin(), segment.end()}, run.peer});
    }
  }
  Deliver(outbound_.icmp_errors());
  outbound_.Reset();
}

void Node::Deliver(const TunWriteBatch& batch) {
  for (const TunWrite& write : batch.writes) {
    std::vector<uint8_t> bytes;
    for (const Piece& piece : batch.PiecesOf(write))
      bytes.insert(bytes.end(), piece.data, piece.data + piece.size);
    CHECK(bytes.size() == write.bytes && bytes.size() > kVnetHeaderBytes);
    bytes.erase(bytes.begin(), bytes.begin() + kVnetHeaderBytes);
    delivered_.push_back(std::move(bytes));
  }
}

}  // namespace ringwire
