// AllowedIps against a linear scan. The input is a program of edits and commits; after each commit
// both answer for the first and last address of every prefix and for addresses of the program's
// own.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/base/instant.h"
#include "core/base/quiescence.h"
#include "core/routing/allowed_ips.h"
#include "core/routing/peer_slot.h"
#include "core/routing/staged_queue.h"

namespace ringwire {
namespace {

constexpr size_t kPeers = 4;
constexpr size_t kStepsMax = 512;  // the scan is quadratic
constexpr uint8_t kV6 = 0x80;      // in an operation's byte

// Reads zeros past the end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}
  bool empty() const { return rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_.front();
    rest_ = rest_.subspan(1);
    return byte;
  }
  // The first, middle and last byte vary, which is enough to fork at any depth and keeps programs
  // short.
  IpAddress Address(bool v6) {
    std::array<uint8_t, 16> bytes{};
    const size_t last = v6 ? 15 : 3;
    for (const size_t i : {size_t{0}, (last + 1) / 2, last}) bytes[i] = Byte();
    return v6 ? IpAddress::V6(bytes)
              : IpAddress::V4(std::span<const uint8_t, 16>(bytes).first<4>());
  }

 private:
  std::span<const uint8_t> rest_;
};

IpAddress LastOf(const Prefix& prefix) {
  IpAddress last = prefix.address;
  for (int bit = prefix.length; bit < last.Bits(); ++bit) {
    last.bytes[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> (bit % 8));
  }
  return last;
}

class Differential {
 public:
  Differential() {
    for (uint32_t i = 0; i < kPeers; ++i) {
      peers_.push_back(std::make_unique<PeerSlot>(PeerId{i, 1}, &pool_));
    }
  }

  void Step(Input* input) {
    const uint8_t operation = input->Byte();
    const bool v6 = (operation & kV6) != 0;
    PeerSlot* const peer = peers_[(operation >> 4) % kPeers].get();
    switch (operation % 8) {
      case 0:
        allowed_ips_.RemoveAll(peer);
        std::erase_if(owners_, [peer](const auto& entry) { return entry.second == peer; });
        return;
      case 1:
        return CommitAndCompare(input->Address(v6));
      case 2:
      case 3: {
        const Prefix prefix = TakePrefix(input, v6);
        allowed_ips_.Remove(prefix, peer);
        const auto found = owners_.find(prefix);
        if (found != owners_.end() && found->second == peer) owners_.erase(found);
        return;
      }
      default: {
        const Prefix prefix = TakePrefix(input, v6);
        allowed_ips_.Insert(prefix, peer);
        owners_[prefix] = peer;
        return;
      }
    }
  }

  void CommitAndCompare(const IpAddress& extra) {
    allowed_ips_.Commit(Instant());
    quiescence_.Collect();
    CHECK(allowed_ips_.size() == owners_.size());
    CHECK(allowed_ips_.node_count() <= 2 * owners_.size());
    Compare(extra);
    for (const auto& [prefix, peer] : owners_) {
      Compare(prefix.address);
      Compare(LastOf(prefix));
    }
    size_t listed = 0;
    for (const auto& peer : peers_) {
      for (const Prefix& prefix : allowed_ips_.PrefixesOf(peer.get())) {
        CHECK(owners_.at(prefix) == peer.get());
        ++listed;
      }
    }
    CHECK(listed == owners_.size());
  }

 private:
  static Prefix TakePrefix(Input* input, bool v6) {
    const IpAddress address = input->Address(v6);
    return Prefix::Of(address, input->Byte() % (address.Bits() + 1));
  }

  void Compare(const IpAddress& address) const {
    int longest = -1;
    PeerSlot* expected = nullptr;
    for (const auto& [prefix, peer] : owners_) {
      if (prefix.length <= longest || !prefix.Contains(address)) continue;
      longest = prefix.length;
      expected = peer;
    }
    CHECK(allowed_ips_.Lookup(address) == expected);
  }

  StagedPool pool_;
  std::vector<std::unique_ptr<PeerSlot>> peers_;
  QuiescenceDomain quiescence_;
  AllowedIps allowed_ips_{&quiescence_};
  std::map<Prefix, PeerSlot*> owners_;
};

}  // namespace
}  // namespace ringwire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ringwire::Input input(data, size);
  ringwire::Differential differential;
  for (size_t step = 0; step < ringwire::kStepsMax && !input.empty(); ++step) {
    differential.Step(&input);
  }
  differential.CommitAndCompare(input.Address(/*v6=*/true));
  return 0;
}
