#include "core/config/config_save.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "core/base/ascii.h"
#include "core/base/check.h"
#include "core/config/config_value.h"
#include "core/device/key_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view StatementOf(std::string_view line) {
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  return Trim(line.substr(0, line.find('#')));
}

// Without spaces; empty for a line that sets nothing.
std::string KeyOf(std::string_view line) {
  const std::string_view statement = StatementOf(line);
  const size_t equals = statement.find('=');
  if (equals == std::string_view::npos || statement.starts_with('[')) return {};
  return WithoutSpaces(statement.substr(0, equals));
}

bool IsComment(std::string_view line) { return Trim(line).starts_with('#'); }

std::string_view EndOf(std::string_view line) {
  if (line.ends_with("\r\n")) return "\r\n";
  return line.ends_with('\n') ? "\n" : "";
}

// A section with the comments right above its header, or what comes before the first one.
struct Block {
  enum class Kind : uint8_t { kOther, kInterface, kPeer };
  Kind kind = Kind::kOther;
  std::vector<std::string> lines;  // each with its end

  Block() = default;
  Block(Block&&) = default;
  Block& operator=(Block&&) = default;
  ~Block() { Clear(); }

  void Clear() {
    for (std::string& line : lines) crypto::Cleanse(line.data(), line.size());
    lines.clear();
  }
  void Remove(std::string_view key) {
    std::erase_if(lines, [key](std::string& line) {
      if (!EqualIgnoringCase(KeyOf(line), key)) return false;
      crypto::Cleanse(line.data(), line.size());
      return true;
    });
  }
  // Behind the last line that says something.
  void Append(std::string line, std::string_view end) {
    size_t at = lines.size();
    while (at > 0 && StatementOf(lines[at - 1]).empty()) --at;
    if (at > 0 && EndOf(lines[at - 1]).empty()) lines[at - 1] += end;
    if (EndOf(line).empty()) line += end;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), std::move(line));
  }
};

std::list<Block> BlocksOf(std::string_view text) {
  std::list<Block> blocks(1);
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const std::string_view line =
        text.substr(0, newline == std::string_view::npos ? newline : newline + 1);
    text.remove_prefix(line.size());
    const std::string_view statement = StatementOf(line);
    if (statement.starts_with('[')) {
      std::vector<std::string>& above = blocks.back().lines;
      size_t comments = above.size();
      while (comments > 0 && IsComment(above[comments - 1])) --comments;
      const auto first = above.begin() + static_cast<std::ptrdiff_t>(comments);
      Block block;
      block.lines.assign(std::make_move_iterator(first), std::make_move_iterator(above.end()));
      above.erase(first, above.end());
      const std::string name = WithoutSpaces(statement);
      if (EqualIgnoringCase(name, "[Interface]")) block.kind = Block::Kind::kInterface;
      if (EqualIgnoringCase(name, "[Peer]")) block.kind = Block::Kind::kPeer;
      blocks.push_back(std::move(block));
    }
    blocks.back().lines.emplace_back(line);
  }
  return blocks;
}

bool SameKey(const std::optional<crypto::Secret<32>>& a,
             const std::optional<crypto::Secret<32>>& b) {
  // wg writes a key of zeros for none.
  static const crypto::Secret<32> kNone;
  return a.value_or(kNone) == b.value_or(kNone);
}

std::optional<SocketAddress> AddressOf(const std::optional<EndpointName>& endpoint) {
  return endpoint.has_value() ? SocketAddress::Parse(endpoint->ToString()) : std::nullopt;
}

std::string JoinedPrefixes(const PeerConfig& peer) {
  std::string text;
  for (const Prefix& prefix : RemainingPrefixes(peer.allowed_ips)) {
    fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : ", ", prefix.ToString());
  }
  return text;
}

bool SamePrefixes(const PeerConfig& a, const PeerConfig& b) {
  std::vector<Prefix> of_a = RemainingPrefixes(a.allowed_ips);
  std::vector<Prefix> of_b = RemainingPrefixes(b.allowed_ips);
  std::ranges::sort(of_a);
  std::ranges::sort(of_b);
  return of_a == of_b;
}

std::optional<std::string> TextOf(const std::optional<crypto::Secret<32>>& key) {
  if (!key.has_value() || key->IsZero()) return std::nullopt;
  return KeyToBase64(key->bytes());
}

// Of a line that sets something.
std::string_view ValueOf(std::string_view line) {
  size_t begin = line.find('=') + 1;
  while (begin < line.size() && (line[begin] == ' ' || line[begin] == '\t')) ++begin;
  const std::string_view body = line.substr(0, line.size() - EndOf(line).size());
  size_t behind = std::min(body.find('#'), body.size());
  while (behind > begin && IsSpace(body[behind - 1])) --behind;
  return line.substr(begin, std::max(behind, begin) - begin);
}

// A comment behind it stays.
void ReplaceValue(std::string_view value, std::string* line) {
  const std::string_view old = ValueOf(*line);
  const auto begin = static_cast<size_t>(old.data() - line->data());
  std::string fresh = fmt::format("{}{}{}", std::string_view(*line).substr(0, begin), value,
                                  std::string_view(*line).substr(begin + old.size()));
  crypto::Cleanse(line->data(), line->size());
  *line = std::move(fresh);
}

// Takes words out of a list. False: none is left; a list without such words stays as it is.
bool KeepWords(std::string* line, absl::FunctionRef<bool(std::string_view)> is_gone) {
  const std::vector<std::string_view> words = Words(ValueOf(*line));
  if (std::ranges::none_of(words, is_gone)) return true;
  std::string kept;
  for (const std::string_view word : words) {
    if (is_gone(word)) continue;
    fmt::format_to(std::back_inserter(kept), "{}{}", kept.empty() ? "" : ", ", word);
  }
  if (!kept.empty()) ReplaceValue(kept, line);
  return !kept.empty();
}

class Saver {
 public:
  explicit Saver(const SaveRequest& request);

  SavedConfig Save();

 private:
  struct PeerInFile {
    Block* block = nullptr;  // null: it was merged into another one
    PeerConfig says;         // what is in the block
  };

  void SaveInterface();
  void SaveLink(const std::vector<Block*>& blocks);
  void SavePeers();
  void MergeRepeated();
  void SavePeer(const PeerConfig& file, const PeerConfig& device, Block* block);
  void SaveEndpoint(const PeerConfig& file, const PeerConfig& device, Block* block);
  void AppendPeer(const PeerConfig& peer);
  // nullopt: none. Of several lines of a key the last one decides, so that one stays.
  void Set(const std::vector<Block*>& blocks, std::string_view key,
           std::optional<std::string> value);
  bool StaysWithoutDevice(const PeerConfig& peer) const;

  const SaveRequest& request_;
  std::list<Block> blocks_;
  std::vector<PeerInFile> peers_;  // in the order of the file
  std::string_view end_ = "\n";
  absl::flat_hash_set<crypto::PublicKey> loaded_;
  std::optional<crypto::PublicKey> own_key_;
  std::vector<std::string> warnings_;
};

Saver::Saver(const SaveRequest& request) : request_(request), blocks_(BlocksOf(request.text)) {
  const std::string_view first_line = request.text.substr(0, request.text.find('\n') + 1);
  if (first_line.ends_with("\r\n")) end_ = "\r\n";
  for (const PeerConfig& peer : request.loaded.peers) loaded_.insert(peer.public_key);
  if (request.device.private_key.has_value()) {
    own_key_ = crypto::PublicFromPrivate(*request.device.private_key);
  }
  for (Block& block : blocks_) {
    if (block.kind != Block::Kind::kPeer) continue;
    CHECK(peers_.size() < request.file.peers.size());
    peers_.push_back({&block, request.file.peers[peers_.size()]});
  }
}

void Saver::Set(const std::vector<Block*>& blocks, std::string_view key,
                std::optional<std::string> value) {
  CHECK(!blocks.empty());
  std::string* kept = nullptr;
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    if (!value.has_value() || kept != nullptr) {
      (*block)->Remove(key);
      continue;
    }
    std::vector<std::string>& lines = (*block)->lines;
    const auto last = std::find_if(lines.rbegin(), lines.rend(), [key](const std::string& line) {
      return EqualIgnoringCase(KeyOf(line), key);
    });
    if (last == lines.rend()) continue;
    std::string line = std::exchange(*last, std::string("#"));  // no line of this key for now
    const auto index = static_cast<size_t>(lines.rend() - last) - 1;
    const size_t before = lines.size();
    (*block)->Remove(key);
    // All of the key's other lines are above it.
    kept = &lines[index - (before - lines.size())];
    *kept = std::move(line);
  }
  if (!value.has_value()) return;
  if (kept == nullptr) {
    blocks.front()->Append(fmt::format("{} = {}{}", key, *value, end_), end_);
  } else {
    ReplaceValue(*value, kept);
  }
  crypto::Cleanse(value->data(), value->size());
}

void Saver::SaveInterface() {
  const ConfigFile& file = request_.file;
  const ConfigFile& device = request_.device;
  if (std::ranges::none_of(
          blocks_, [](const Block& block) { return block.kind == Block::Kind::kInterface; })) {
    std::vector<std::string>& above = blocks_.front().lines;
    if (!above.empty() && EndOf(above.back()).empty()) above.back() += end_;
    Block block;
    block.kind = Block::Kind::kInterface;
    block.lines = {fmt::format("[Interface]{}", end_), std::string(end_)};
    blocks_.insert(std::next(blocks_.begin()), std::move(block));
  }
  std::vector<Block*> blocks;
  for (Block& block : blocks_) {
    if (block.kind == Block::Kind::kInterface) blocks.push_back(&block);
  }
  if (!SameKey(file.private_key, device.private_key)) {
    if (file.private_key_file.empty()) {
      Set(blocks, "PrivateKey", TextOf(device.private_key));
    } else {
      warnings_.push_back(
          fmt::format("the private key in force is not the one in {}, and was not saved",
                      file.private_key_file));
    }
  }
  if (device.listen_port.has_value() && device.listen_port != file.listen_port) {
    Set(blocks, "ListenPort", fmt::format("{}", *device.listen_port));
  }
  SaveLink(blocks);
  const uint32_t fwmark = device.fwmark.value_or(0);
  if (fwmark != file.fwmark.value_or(request_.chosen_fwmark)) {
    Set(blocks, "FwMark", fwmark == 0 ? std::nullopt : std::optional(fmt::format("{:#x}", fwmark)));
  }
}

void Saver::SaveLink(const std::vector<Block*>& blocks) {
  const ConfigFile& file = request_.file;
  const ConfigFile& device = request_.device;
  const auto is_gone = [this](std::string_view word) {
    const std::optional<InterfaceAddress> address = InterfaceAddress::Parse(word);
    return address.has_value() &&
           std::ranges::find(request_.gone_addresses, *address) != request_.gone_addresses.end();
  };
  for (Block* const block : blocks) {
    std::erase_if(block->lines, [&is_gone](std::string& line) {
      return EqualIgnoringCase(KeyOf(line), "Address") && !KeepWords(&line, is_gone);
    });
  }
  std::string added;
  for (const InterfaceAddress& address : device.addresses) {
    if (std::ranges::find(file.addresses, address) != file.addresses.end()) continue;
    fmt::format_to(std::back_inserter(added), "{}{}", added.empty() ? "" : ", ",
                   address.ToString());
  }
  if (!added.empty()) blocks.front()->Append(fmt::format("Address = {}{}", added, end_), end_);
  if (file.mtu.has_value() && device.mtu.has_value() && file.mtu != device.mtu) {
    Set(blocks, "MTU", fmt::format("{}", *device.mtu));
  }
}

// Sections of one peer become one, the first, as they are for the device: of each key the last line
// decides, and which AllowedIPs are left is seen on the device.
void Saver::MergeRepeated() {
  absl::flat_hash_map<crypto::PublicKey, size_t> first_of;
  for (size_t i = 0; i < peers_.size(); ++i) {
    const auto [first, is_first] = first_of.try_emplace(peers_[i].says.public_key, i);
    if (is_first) continue;
    Block* const into = peers_[first->second].block;
    Block* const from = std::exchange(peers_[i].block, nullptr);
    for (std::string& line : from->lines) {
      const std::string key = KeyOf(line);
      if (EqualIgnoringCase(key, "PublicKey") || EqualIgnoringCase(key, "AllowedIPs")) continue;
      if (key.empty() && !IsComment(line)) continue;
      if (EqualIgnoringCase(key, "PresharedKey")) into->Remove("PresharedKeyFile");
      if (EqualIgnoringCase(key, "PresharedKeyFile")) into->Remove("PresharedKey");
      if (!key.empty()) into->Remove(key);
      into->Append(std::move(line), end_);
    }
    from->Clear();
    PeerConfig& whole = peers_[first->second].says;
    PeerConfig& repeated = peers_[i].says;
    if (repeated.preshared_key.has_value() || !repeated.preshared_key_file.empty()) {
      whole.preshared_key = std::move(repeated.preshared_key);
      whole.preshared_key_file = std::move(repeated.preshared_key_file);
    }
    if (repeated.endpoint.has_value()) whole.endpoint = std::move(repeated.endpoint);
    if (repeated.persistent_keepalive_seconds.has_value()) {
      whole.persistent_keepalive_seconds = repeated.persistent_keepalive_seconds;
    }
  }
}

// It has come into the file since; or it is this device itself, which a list of all peers may name.
bool Saver::StaysWithoutDevice(const PeerConfig& peer) const {
  return !loaded_.contains(peer.public_key) || peer.public_key == own_key_;
}

void Saver::SaveEndpoint(const PeerConfig& file, const PeerConfig& device, Block* block) {
  const std::optional<SocketAddress> now = AddressOf(device.endpoint);
  if (!now.has_value() || now == AddressOf(file.endpoint)) return;
  if (file.endpoint.has_value() && !AddressOf(file.endpoint).has_value()) return;  // a name stays
  Set({block}, "Endpoint", now->ToString());
}

void Saver::SavePeer(const PeerConfig& file, const PeerConfig& device, Block* block) {
  if (!SameKey(file.preshared_key, device.preshared_key)) {
    if (file.preshared_key_file.empty()) {
      Set({block}, "PresharedKey", TextOf(device.preshared_key));
    } else {
      warnings_.push_back(
          fmt::format("the preshared key in force of {} is not the one in {}, and was not saved",
                      PeerLabel(file.public_key), file.preshared_key_file));
    }
  }
  if (!SamePrefixes(file, device)) {
    std::string prefixes = JoinedPrefixes(device);
    Set({block}, "AllowedIPs",
        prefixes.empty() ? std::nullopt : std::optional(std::move(prefixes)));
  }
  SaveEndpoint(file, device, block);
  const uint16_t seconds = device.persistent_keepalive_seconds.value_or(0);
  if (seconds != file.persistent_keepalive_seconds.value_or(0)) {
    Set({block}, "PersistentKeepalive",
        seconds == 0 ? std::nullopt : std::optional(fmt::format("{}", seconds)));
  }
}

void Saver::AppendPeer(const PeerConfig& peer) {
  for (auto last = blocks_.rbegin(); last != blocks_.rend(); ++last) {
    if (last->lines.empty()) continue;
    if (EndOf(last->lines.back()).empty()) last->lines.back() += end_;
    break;
  }
  Block block;
  block.kind = Block::Kind::kPeer;
  block.lines.push_back(fmt::format("{}[Peer]{}", end_, end_));
  const auto add = [&](std::string_view key, std::string value) {
    if (!value.empty()) block.lines.push_back(fmt::format("{} = {}{}", key, value, end_));
    crypto::Cleanse(value.data(), value.size());
  };
  add("PublicKey", KeyToBase64(peer.public_key));
  add("PresharedKey", TextOf(peer.preshared_key).value_or(""));
  add("AllowedIPs", JoinedPrefixes(peer));
  add("Endpoint", peer.endpoint.has_value() ? peer.endpoint->ToString() : "");
  const uint16_t seconds = peer.persistent_keepalive_seconds.value_or(0);
  add("PersistentKeepalive", seconds == 0 ? "" : fmt::format("{}", seconds));
  blocks_.push_back(std::move(block));
}

void Saver::SavePeers() {
  MergeRepeated();
  absl::flat_hash_map<crypto::PublicKey, const PeerConfig*> on_device;
  for (const PeerConfig& peer : request_.device.peers) on_device.emplace(peer.public_key, &peer);
  absl::flat_hash_set<crypto::PublicKey> in_file;
  for (const PeerInFile& peer : peers_) {
    if (peer.block == nullptr) continue;
    in_file.insert(peer.says.public_key);
    const auto device = on_device.find(peer.says.public_key);
    if (device != on_device.end()) {
      SavePeer(peer.says, *device->second, peer.block);
    } else if (!StaysWithoutDevice(peer.says)) {
      peer.block->Clear();
    }
  }
  for (const PeerConfig& peer : request_.device.peers) {
    if (!in_file.contains(peer.public_key)) AppendPeer(peer);
  }
}

SavedConfig Saver::Save() {
  SavePeers();
  SaveInterface();
  size_t size = 0;
  for (const Block& block : blocks_) {
    for (const std::string& line : block.lines) size += line.size();
  }
  SavedConfig saved{{}, std::move(warnings_)};
  saved.text.reserve(size);  // no copy of a key stays behind
  for (const Block& block : blocks_) {
    for (const std::string& line : block.lines) saved.text += line;
  }
  return saved;
}

}  // namespace

ConfigFile StateOf(const DeviceStatus& device) {
  ConfigFile state;
  state.private_key = device.private_key;
  if (device.listen_port != 0) state.listen_port = device.listen_port;
  if (device.fwmark != 0) state.fwmark = device.fwmark;
  for (const PeerStatus& status : device.peers) {
    PeerConfig& peer = state.peers.emplace_back();
    peer.public_key = status.public_key;
    if (!status.preshared_key.IsZero()) peer.preshared_key = status.preshared_key;
    for (const Prefix& prefix : status.allowed_ips) peer.allowed_ips.push_back({prefix, false});
    if (status.endpoint.has_value()) {
      peer.endpoint = EndpointName::Parse(status.endpoint->ToString());
    }
    if (status.persistent_keepalive_seconds != 0) {
      peer.persistent_keepalive_seconds = status.persistent_keepalive_seconds;
    }
  }
  return state;
}

SavedConfig SaveConfig(const SaveRequest& request) { return Saver(request).Save(); }

}  // namespace ringwire
