#include "platform/control/stamp_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "core/base/endian.h"
#include "crypto/blake2s.h"
#include "fmt/format.h"
#include "platform/control/stamp_text.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kVersion2 = "ringwire-stamps 2 ";
constexpr size_t kGenerationDigits = 20;
constexpr size_t kHashBytes = sizeof(crypto::Hash);
constexpr size_t kKeyBytes = sizeof(crypto::PublicKey);
// Of a kAlive record, behind its key: time, scope, port, size of the address.
constexpr size_t kAliveHeadBytes = 4 + 4 + 2 + 1;
constexpr size_t kFrameHeadBytes = 4 + kHashBytes;
// A frame is closed when it has this much, so that a reader needs little memory.
constexpr size_t kPayloadBytes = 1 << 20;

enum RecordType : uint8_t { kLocalKey = 1, kRaised = 2, kDropped = 3, kAlive = 4 };

template <typename Bytes>
void AppendBytes(const Bytes& bytes, std::string* out) {
  out->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

crypto::Hash HashOfFrame(uint64_t generation, uint64_t offset, std::string_view payload) {
  std::array<uint8_t, 16> place;
  StoreLe64(place.data(), generation);
  StoreLe64(place.data() + 8, offset);
  return crypto::Blake2s(place, StampBytes(payload));
}

std::string HeadWithoutHash(uint64_t generation) {
  return fmt::format("{}{:0{}} ", kVersion2, generation, kGenerationDigits);
}

// nullopt: no whole head of this version.
std::optional<uint64_t> ParseHead(std::string_view bytes) {
  if (bytes.size() < kStampHeadBytes || !bytes.starts_with(kVersion2)) return std::nullopt;
  const std::string_view digits = bytes.substr(kVersion2.size(), kGenerationDigits);
  uint64_t generation = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), generation);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (bytes.substr(0, kStampHeadBytes) != StampHead(generation)) return std::nullopt;
  return generation;
}

void AppendAlive(const LiveEndpoint& live, std::string* out) {
  const IpAddress& address = live.endpoint.address;
  std::array<uint8_t, kAliveHeadBytes> head;
  StoreLe32(head.data(), static_cast<uint32_t>(absl::ToUnixSeconds(live.heard)));
  StoreLe32(head.data() + 4, live.endpoint.scope_id);
  StoreBe16(head.data() + 8, live.endpoint.port);
  head[10] = static_cast<uint8_t>(address.Bits() / 8);
  AppendBytes(head, out);
  AppendBytes(std::span(address.bytes).first(head[10]), out);
}

// Writes frames behind each other into `out`, which begins at `offset` of the file.
class FrameWriter {
 public:
  FrameWriter(uint64_t generation, uint64_t offset, std::string* out)
      : generation_(generation), offset_(offset), out_(out) {
    Begin();
  }
  void CloseIfFull() {
    if (out_->size() - begin_ < kPayloadBytes) return;
    Close();
    Begin();
  }
  void Close() {
    const std::string_view payload = std::string_view(*out_).substr(begin_ + kFrameHeadBytes);
    const crypto::Hash hash = HashOfFrame(generation_, offset_ + begin_, payload);
    auto* const head = reinterpret_cast<uint8_t*>(out_->data() + begin_);
    StoreLe32(head, static_cast<uint32_t>(payload.size()));
    std::copy(hash.begin(), hash.end(), head + 4);
  }

 private:
  void Begin() {
    begin_ = out_->size();
    out_->resize(begin_ + kFrameHeadBytes);
  }

  const uint64_t generation_;
  const uint64_t offset_;
  std::string* const out_;
  size_t begin_ = 0;
};

}  // namespace

std::string StampHead(uint64_t generation) {
  std::string head = HeadWithoutHash(generation);
  const crypto::Hash hash = crypto::Blake2s(StampBytes(head));
  for (const uint8_t byte : hash) fmt::format_to(std::back_inserter(head), "{:02x}", byte);
  head += '\n';
  return head;
}

uint32_t StampFrames::NumberOf(const crypto::PublicKey& local, std::string* out) {
  const auto [found, is_new] = numbers_.emplace(local, static_cast<uint32_t>(numbers_.size()));
  if (is_new) {
    out->push_back(static_cast<char>(kLocalKey));
    AppendBytes(local, out);
  }
  return found->second;
}

void StampFrames::AppendRecord(uint8_t type, const StampKey& key, std::string* out) {
  std::array<uint8_t, 4> number;
  StoreLe32(number.data(), NumberOf(key.local_public_key, out));
  out->push_back(static_cast<char>(type));
  AppendBytes(number, out);
  AppendBytes(key.peer_public_key, out);
}

void StampFrames::Append(const StampChanges& changes, uint64_t offset, std::string* out) {
  FrameWriter frame(generation_, offset, out);
  for (const StampKey& key : changes.dropped) {
    AppendRecord(kDropped, key, out);
    frame.CloseIfFull();
  }
  for (const HandshakeStamp& stamp : changes.raised) {
    AppendRecord(kRaised, {stamp.local_public_key, stamp.peer_public_key}, out);
    AppendBytes(stamp.greatest.bytes, out);
    frame.CloseIfFull();
  }
  for (const LiveEndpoint& live : changes.alive) {
    AppendRecord(kAlive, {live.local_public_key, live.peer_public_key}, out);
    AppendAlive(live, out);
    frame.CloseIfFull();
  }
  frame.Close();
}

// Reads frames, and keeps the latest record of each peer.
class StampLogParser {
 public:
  StampLogParser(std::string_view bytes, uint64_t generation) : bytes_(bytes) {
    log_.kind = StampLog::Kind::kCurrent;
    log_.frames = StampFrames(generation);
    log_.valid_bytes = kStampHeadBytes;
  }

  StampLog Parse() {
    while (TakeFrame()) continue;
    for (const Place& place : places_) {
      if (place.is_valid) log_.stamps.push_back(place.stamp);
    }
    for (const auto& [key, live] : alive_) log_.alive.push_back(live);
    std::ranges::sort(log_.alive, {}, &LiveEndpoint::heard);
    return std::move(log_);
  }

 private:
  struct Place {
    HandshakeStamp stamp;
    bool is_valid = true;
  };

  bool TakeFrame();
  bool TakePayload(std::string_view payload);
  // Cuts a record's bytes off; nullptr: there are not so many.
  static const uint8_t* Cut(size_t size, std::string_view* payload);
  bool TakeKey(std::string_view* payload, StampKey* key) const;
  void Forget(const StampKey& key);
  bool TakeAlive(const StampKey& key, std::string_view* payload);

  const std::string_view bytes_;
  StampLog log_;
  std::vector<crypto::PublicKey> locals_;
  std::vector<Place> places_;  // in the order of the file; only the latest of a peer is valid
  absl::flat_hash_map<std::pair<crypto::PublicKey, crypto::PublicKey>, size_t> latest_;
  absl::flat_hash_map<std::pair<crypto::PublicKey, crypto::PublicKey>, LiveEndpoint> alive_;
};

bool StampLogParser::TakeFrame() {
  const std::string_view rest = bytes_.substr(log_.valid_bytes);
  if (rest.size() < kFrameHeadBytes) return false;
  const size_t size = LoadLe32(StampBytes(rest).data());
  if (rest.size() - kFrameHeadBytes < size) return false;
  const std::string_view payload = rest.substr(kFrameHeadBytes, size);
  const crypto::Hash hash = HashOfFrame(log_.frames.generation(), log_.valid_bytes, payload);
  if (std::memcmp(hash.data(), rest.data() + 4, kHashBytes) != 0) return false;
  if (!TakePayload(payload)) return false;
  log_.valid_bytes += kFrameHeadBytes + size;
  return true;
}

const uint8_t* StampLogParser::Cut(size_t size, std::string_view* payload) {
  if (payload->size() < size) return nullptr;
  const uint8_t* const begin = StampBytes(*payload).data();
  payload->remove_prefix(size);
  return begin;
}

bool StampLogParser::TakeKey(std::string_view* payload, StampKey* key) const {
  const uint8_t* const bytes = Cut(4 + kKeyBytes, payload);
  if (bytes == nullptr || LoadLe32(bytes) >= locals_.size()) return false;
  key->local_public_key = locals_[LoadLe32(bytes)];
  std::copy_n(bytes + 4, kKeyBytes, key->peer_public_key.begin());
  return true;
}

void StampLogParser::Forget(const StampKey& key) {
  const auto found = latest_.find(std::pair(key.local_public_key, key.peer_public_key));
  if (found == latest_.end()) return;
  places_[found->second].is_valid = false;
  latest_.erase(found);
}

bool StampLogParser::TakePayload(std::string_view payload) {
  while (!payload.empty()) {
    const auto type = static_cast<uint8_t>(payload.front());
    payload.remove_prefix(1);
    if (type == kLocalKey) {
      const uint8_t* const bytes = Cut(kKeyBytes, &payload);
      if (bytes == nullptr) return false;
      std::copy_n(bytes, kKeyBytes, locals_.emplace_back().begin());
      log_.frames.numbers_.emplace(locals_.back(), static_cast<uint32_t>(locals_.size() - 1));
      continue;
    }
    StampKey key;
    if (type < kRaised || type > kAlive || !TakeKey(&payload, &key)) return false;
    if (type == kAlive) {
      if (!TakeAlive(key, &payload)) return false;
      continue;
    }
    Forget(key);
    if (type == kDropped) {
      alive_.erase(std::pair(key.local_public_key, key.peer_public_key));
      continue;
    }
    HandshakeStamp stamp{key.local_public_key, key.peer_public_key, {}};
    const uint8_t* const bytes = Cut(stamp.greatest.bytes.size(), &payload);
    if (bytes == nullptr) return false;
    std::copy_n(bytes, stamp.greatest.bytes.size(), stamp.greatest.bytes.begin());
    latest_.emplace(std::pair(key.local_public_key, key.peer_public_key), places_.size());
    places_.push_back({stamp});
  }
  return true;
}

bool StampLogParser::TakeAlive(const StampKey& key, std::string_view* payload) {
  const uint8_t* const head = Cut(kAliveHeadBytes, payload);
  if (head == nullptr) return false;
  const size_t size = head[10];
  const uint8_t* const address = Cut(size, payload);
  if (address == nullptr || (size != 4 && size != 16)) return false;
  LiveEndpoint live{key.local_public_key, key.peer_public_key, {}, {}};
  live.heard = absl::FromUnixSeconds(LoadLe32(head));
  live.endpoint.scope_id = LoadLe32(head + 4);
  live.endpoint.port = LoadBe16(head + 8);
  live.endpoint.address = size == 4 ? IpAddress::V4(std::span<const uint8_t, 4>(address, 4))
                                    : IpAddress::V6(std::span<const uint8_t, 16>(address, 16));
  alive_.insert_or_assign(std::pair(key.local_public_key, key.peer_public_key), live);
  return true;
}

StampLog ParseStampLog(std::string_view bytes) {
  if (const std::optional<uint64_t> generation = ParseHead(bytes)) {
    return StampLogParser(bytes, *generation).Parse();
  }
  StampLog log;
  // A number without our version's end: of a format that comes after this one.
  if (bytes.starts_with(kStampsName) && bytes.size() > kStampsName.size()) {
    const char version = bytes[kStampsName.size()];
    const bool is_ours = bytes.substr(kStampsName.size() + 1).starts_with(' ') && version <= '2';
    if (!is_ours) log.kind = StampLog::Kind::kNewer;
  }
  return log;
}

}  // namespace ringwire::platform
