#include "core/config/config_save.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <optional>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "core/base/ascii.h"
#include "core/base/check.h"
#include "core/config/config_blocks.h"
#include "core/config/config_value.h"
#include "core/config/live_peers.h"
#include "core/device/apply.h"
#include "core/device/key_text.h"
#include "core/device/secret_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

bool SameKey(const std::optional<crypto::Secret<32>>& a,
             const std::optional<crypto::Secret<32>>& b) {
  // wg writes a key of zeros for none.
  static const crypto::Secret<32> kNone;
  return a.value_or(kNone) == b.value_or(kNone);
}

std::optional<SocketAddress> AddressOf(const std::optional<EndpointName>& endpoint) {
  return endpoint.has_value() ? SocketAddress::Parse(endpoint->ToString()) : std::nullopt;
}

void AddToList(std::string_view word, std::string* list) {
  fmt::format_to(std::back_inserter(*list), "{}{}", list->empty() ? "" : ", ", word);
}

std::string Joined(const std::vector<Prefix>& prefixes) {
  std::string text;
  for (const Prefix& prefix : prefixes) AddToList(prefix.ToString(), &text);
  return text;
}

// `KEY = VALUE` as a line; the value may be a secret.
std::string SettingLine(std::string_view key, std::string_view value, std::string_view end) {
  std::string line;
  AppendSecret({key, " = ", value, end}, &line);
  return line;
}

std::optional<std::string> TextOf(const std::optional<crypto::Secret<32>>& key) {
  if (!key.has_value() || key->IsZero()) return std::nullopt;
  return KeyToBase64(key->bytes());
}

// Takes words out of a list. False: none is left; a list without such words stays as it is.
bool KeepWords(std::string* line, absl::FunctionRef<bool(std::string_view)> is_gone) {
  const std::vector<std::string_view> words = Words(ReadConfigLine(*line).value);
  if (std::ranges::none_of(words, is_gone)) return true;
  std::string kept;
  for (const std::string_view word : words) {
    if (!is_gone(word)) AddToList(word, &kept);
  }
  if (!kept.empty()) ReplaceValue(kept, line);
  return !kept.empty();
}

// A line of AllowedIPs without those that are in `gone`, and with `added` behind the others. False:
// nothing is left. Where nothing changes the line stays as it is.
bool EditAllowedIps(const absl::btree_set<Prefix>& gone, std::string_view added,
                    std::string* line) {
  std::string_view value = ReadConfigLine(*line).value;
  std::string kept;
  bool changes = !added.empty();
  for (bool last = value.empty(); !last;) {
    const size_t comma = value.find(',');
    last = comma == std::string_view::npos;
    const std::string_view word = Trim(value.substr(0, comma));
    const std::optional<Prefix> prefix = Prefix::Parse(WithoutSpaces(word));
    if (prefix.has_value() && gone.contains(*prefix)) {
      changes = true;
    } else {
      AddToList(word, &kept);
    }
    if (!last) value.remove_prefix(comma + 1);
  }
  if (!changes) return true;
  if (!added.empty()) AddToList(added, &kept);
  if (!kept.empty()) ReplaceValue(kept, line);
  return !kept.empty();
}

std::vector<Prefix> Sorted(std::vector<Prefix> prefixes) {
  std::ranges::sort(prefixes);
  return prefixes;
}

// Where the device has the peer, unless the file says the same or has a name, which stays.
std::optional<SocketAddress> EndpointToSave(const PeerConfig& file, const PeerConfig& device) {
  const std::optional<SocketAddress> now = AddressOf(device.endpoint);
  const std::optional<SocketAddress> said = AddressOf(file.endpoint);
  const bool is_name = file.endpoint.has_value() && !said.has_value();
  return now == said || is_name ? std::nullopt : now;
}

// Whether the file needs no change for this peer. `allowed_ips`: what the file gives it.
bool IsAsSaid(const PeerConfig& file, const std::vector<Prefix>& allowed_ips,
              const PeerConfig& device) {
  return SameKey(file.preshared_key, device.preshared_key) &&
         allowed_ips == Sorted(RemainingPrefixes(device.allowed_ips)) &&
         !EndpointToSave(file, device).has_value() &&
         file.persistent_keepalive_seconds.value_or(0) ==
             device.persistent_keepalive_seconds.value_or(0);
}

class Saver {
 public:
  explicit Saver(const SaveRequest& request);

  SavedConfig Save();

 private:
  // The first section of a peer, and those that repeat it.
  struct PeerInFile {
    ConfigBlock* block = nullptr;
    PeerConfig says;           // what is in the section
    bool is_repeated = false;  // it is one of those of another
    std::vector<PeerInFile*> repeated_by;
  };

  void SaveInterface();
  void SaveLink(const std::vector<ConfigBlock*>& blocks);
  void SavePeers();
  void CollectRepeated();
  static PeerConfig SaysInAll(const PeerInFile& peer);
  void MergeRepeated(PeerInFile* peer);
  void RemovePeer(PeerInFile* peer);
  void SavePeer(const PeerConfig& device, PeerInFile* peer);
  void SavePresharedKey(const PeerConfig& file, const PeerConfig& device, ConfigBlock* block);
  void SaveAllowedIps(const PeerConfig& file, const PeerConfig& device, ConfigBlock* block);
  void AppendPeer(const PeerConfig& peer);
  // nullopt: none. Of several lines of a key the last one decides, so that one stays.
  void Set(const std::vector<ConfigBlock*>& blocks, std::string_view key,
           std::optional<std::string> value);
  void WarnOfKept(const std::vector<crypto::PublicKey>& kept);

  const SaveRequest& request_;
  std::list<ConfigBlock> blocks_;
  std::vector<PeerInFile> peers_;  // in the order of the file
  // Sorted. If several peers name a prefix, the last one has it, in the file as on the device.
  absl::flat_hash_map<crypto::PublicKey, std::vector<Prefix>> allowed_ips_;
  std::string_view end_ = "\n";
  std::optional<crypto::PublicKey> own_key_;
  std::vector<std::string> warnings_;
};

std::string_view WithoutMark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

Saver::Saver(const SaveRequest& request)
    : request_(request), blocks_(ReadConfigBlocks(WithoutMark(request.text))) {
  const std::string_view first_line = request.text.substr(0, request.text.find('\n') + 1);
  if (first_line.ends_with("\r\n")) end_ = "\r\n";
  if (request.device.private_key.has_value()) {
    own_key_ = crypto::PublicFromPrivate(*request.device.private_key);
  }
  DeviceUpdate said = ToDeviceUpdate(
      request.file, std::vector<std::optional<SocketAddress>>(request.file.peers.size()));
  std::erase_if(said.peers, [this](const PeerUpdate& peer) { return peer.public_key == own_key_; });
  for (PeerStatus& peer : Apply({}, said)) {
    allowed_ips_.emplace(peer.public_key, std::move(peer.allowed_ips));
  }
  for (ConfigBlock& block : blocks_) {
    if (block.section() != ConfigSection::kPeer) continue;
    CHECK(peers_.size() < request.file.peers.size());
    PeerInFile& peer = peers_.emplace_back();
    peer.block = &block;
    peer.says = request.file.peers[peers_.size() - 1];
  }
}

void Saver::Set(const std::vector<ConfigBlock*>& blocks, std::string_view key,
                std::optional<std::string> value) {
  CHECK(!blocks.empty());
  bool is_set = false;
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    const std::string* const last = (*block)->FindLast(key);
    (*block)->EditLines(key, [&](std::string* line) {
      if (!value.has_value() || is_set || line != last) return false;
      ReplaceValue(*value, line);
      is_set = true;
      return true;
    });
  }
  if (!value.has_value()) return;
  if (!is_set) blocks.front()->Append(SettingLine(key, *value, end_), end_);
  crypto::Cleanse(value->data(), value->size());
}

void Saver::SaveInterface() {
  const ConfigFile& file = request_.file;
  const ConfigFile& device = request_.device;
  std::vector<ConfigBlock*> blocks;
  for (ConfigBlock& block : blocks_) {
    if (block.section() == ConfigSection::kInterface) blocks.push_back(&block);
  }
  if (blocks.empty()) {
    blocks_.front().EndLastLine(end_);
    ConfigBlock& block = *blocks_.emplace(std::next(blocks_.begin()), ConfigSection::kInterface);
    block.Push(fmt::format("[Interface]{}", end_));
    block.Push(std::string(end_));
    blocks.push_back(&block);
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

void Saver::SaveLink(const std::vector<ConfigBlock*>& blocks) {
  const ConfigFile& file = request_.file;
  const ConfigFile& device = request_.device;
  const auto is_gone = [this](std::string_view word) {
    const std::optional<InterfaceAddress> address = InterfaceAddress::Parse(word);
    return address.has_value() &&
           std::ranges::find(request_.gone_addresses, *address) != request_.gone_addresses.end();
  };
  for (ConfigBlock* const block : blocks) {
    block->EditLines("Address", [&is_gone](std::string* line) { return KeepWords(line, is_gone); });
  }
  std::string added;
  for (const InterfaceAddress& address : device.addresses) {
    if (std::ranges::find(file.addresses, address) != file.addresses.end()) continue;
    AddToList(address.ToString(), &added);
  }
  if (!added.empty()) blocks.front()->Append(SettingLine("Address", added, end_), end_);
  if (file.mtu.has_value() && device.mtu.has_value() && file.mtu != device.mtu) {
    Set(blocks, "MTU", fmt::format("{}", *device.mtu));
  }
}

void Saver::CollectRepeated() {
  absl::flat_hash_map<crypto::PublicKey, PeerInFile*> first_of;
  for (PeerInFile& peer : peers_) {
    const auto [first, is_first] = first_of.try_emplace(peer.says.public_key, &peer);
    if (!is_first) first->second->repeated_by.push_back(&peer);
  }
  for (const auto& [key, first] : first_of) {
    for (PeerInFile* const repeated : first->repeated_by) repeated->is_repeated = true;
  }
}

// What several sections of one peer say together, but for AllowedIPs: of each key the last one
// decides.
PeerConfig Saver::SaysInAll(const PeerInFile& peer) {
  PeerConfig whole = peer.says;
  for (const PeerInFile* const repeated : peer.repeated_by) {
    const PeerConfig& says = repeated->says;
    if (says.preshared_key.has_value() || !says.preshared_key_file.empty()) {
      whole.preshared_key = says.preshared_key;
      whole.preshared_key_file = says.preshared_key_file;
    }
    if (says.endpoint.has_value()) whole.endpoint = says.endpoint;
    if (says.persistent_keepalive_seconds.has_value()) {
      whole.persistent_keepalive_seconds = says.persistent_keepalive_seconds;
    }
  }
  return whole;
}

// The sections of one peer become one, the first.
void Saver::MergeRepeated(PeerInFile* peer) {
  for (const PeerInFile* const repeated : peer->repeated_by) {
    const PeerConfig& says = repeated->says;
    if (says.preshared_key.has_value() || !says.preshared_key_file.empty()) {
      peer->block->Remove("PresharedKey");
      peer->block->Remove("PresharedKeyFile");
    }
    // What is left of AllowedIPs is seen on the device.
    repeated->block->MergeInto(peer->block, end_, [](std::string_view key) {
      return EqualIgnoringCase(key, "PublicKey") || EqualIgnoringCase(key, "AllowedIPs");
    });
  }
}

void Saver::RemovePeer(PeerInFile* peer) {
  peer->block->RemoveSection();
  for (PeerInFile* const repeated : peer->repeated_by) repeated->block->RemoveSection();
}

void Saver::SavePresharedKey(const PeerConfig& file, const PeerConfig& device, ConfigBlock* block) {
  if (SameKey(file.preshared_key, device.preshared_key)) return;
  if (file.preshared_key_file.empty()) {
    Set({block}, "PresharedKey", TextOf(device.preshared_key));
    return;
  }
  warnings_.push_back(
      fmt::format("the preshared key in force of {} is not the one in {}, and was not saved",
                  PeerLabel(file.public_key), file.preshared_key_file));
}

void Saver::SaveAllowedIps(const PeerConfig& file, const PeerConfig& device, ConfigBlock* block) {
  const std::vector<Prefix> present = RemainingPrefixes(device.allowed_ips);
  const std::vector<Prefix> before = RemainingPrefixes(file.allowed_ips);
  if (file.allowed_ips_incremental) {
    Set({block}, "AllowedIPs", present.empty() ? std::nullopt : std::optional(Joined(present)));
    return;
  }
  absl::btree_set<Prefix> gone(before.begin(), before.end());
  std::vector<Prefix> added;
  for (const Prefix& prefix : present) {
    if (gone.erase(prefix) == 0) added.push_back(prefix);
  }
  std::string words = Joined(added);
  const std::string* const last = block->FindLast("AllowedIPs");
  block->EditLines("AllowedIPs", [&](std::string* line) {
    return EditAllowedIps(gone, line == last ? std::string_view(words) : std::string_view(), line);
  });
  if (last == nullptr && !words.empty()) {
    block->Append(SettingLine("AllowedIPs", words, end_), end_);
  }
}

void Saver::SavePeer(const PeerConfig& device, PeerInFile* peer) {
  const PeerConfig whole = SaysInAll(*peer);
  const auto given = allowed_ips_.find(device.public_key);
  CHECK(given != allowed_ips_.end());
  if (IsAsSaid(whole, given->second, device)) return;
  MergeRepeated(peer);
  SavePresharedKey(whole, device, peer->block);
  SaveAllowedIps(peer->says, device, peer->block);
  if (const auto endpoint = EndpointToSave(whole, device)) {
    Set({peer->block}, "Endpoint", endpoint->ToString());
  }
  const uint16_t seconds = device.persistent_keepalive_seconds.value_or(0);
  if (seconds != whole.persistent_keepalive_seconds.value_or(0)) {
    Set({peer->block}, "PersistentKeepalive",
        seconds == 0 ? std::nullopt : std::optional(fmt::format("{}", seconds)));
  }
}

void Saver::AppendPeer(const PeerConfig& peer) {
  for (auto last = blocks_.rbegin(); last != blocks_.rend(); ++last) {
    if (last->lines().empty()) continue;
    last->EndLastLine(end_);
    break;
  }
  ConfigBlock& block = blocks_.emplace_back(ConfigSection::kPeer);
  block.Push(fmt::format("{}[Peer]{}", end_, end_));
  const auto add = [&](std::string_view key, std::string value) {
    if (!value.empty()) block.Push(SettingLine(key, value, end_));
    crypto::Cleanse(value.data(), value.size());
  };
  add("PublicKey", KeyToBase64(peer.public_key));
  add("PresharedKey", TextOf(peer.preshared_key).value_or(""));
  add("AllowedIPs", Joined(RemainingPrefixes(peer.allowed_ips)));
  add("Endpoint", peer.endpoint.has_value() ? peer.endpoint->ToString() : "");
  const uint16_t seconds = peer.persistent_keepalive_seconds.value_or(0);
  add("PersistentKeepalive", seconds == 0 ? "" : fmt::format("{}", seconds));
}

void Saver::SavePeers() {
  CollectRepeated();
  absl::flat_hash_map<crypto::PublicKey, const PeerConfig*> on_device;
  for (const PeerConfig& peer : request_.device.peers) on_device.emplace(peer.public_key, &peer);
  absl::flat_hash_set<crypto::PublicKey> in_file;
  std::vector<crypto::PublicKey> only_in_file;
  for (PeerInFile& peer : peers_) {
    const crypto::PublicKey& key = peer.says.public_key;
    if (peer.is_repeated) continue;
    in_file.insert(key);
    if (const auto device = on_device.find(key); device != on_device.end()) {
      SavePeer(*device->second, &peer);
    } else if (request_.loaded.peers.contains(key) && key != own_key_) {
      RemovePeer(&peer);
    } else if (key != own_key_) {
      // A list of all peers may name this device itself, which is no peer of its own.
      only_in_file.push_back(key);
    }
  }
  for (const PeerConfig& peer : request_.device.peers) {
    if (!in_file.contains(peer.public_key)) AppendPeer(peer);
  }
  WarnOfPeers(only_in_file,
              "is in the file since it was loaded and not on the device: it stays in the file, and "
              "`ringwire reload` adds it to the device (delete its [Peer] section to prevent that)",
              &warnings_);
}

SavedConfig Saver::Save() {
  SavePeers();
  SaveInterface();
  const bool has_mark = request_.text.starts_with(kByteOrderMark);
  size_t size = has_mark ? kByteOrderMark.size() : 0;
  for (const ConfigBlock& block : blocks_) {
    for (const std::string& line : block.lines()) size += line.size();
  }
  SavedConfig saved{{}, std::move(warnings_)};
  saved.text.reserve(size);  // no copy of a key stays behind
  if (has_mark) saved.text += kByteOrderMark;
  for (const ConfigBlock& block : blocks_) {
    for (const std::string& line : block.lines()) saved.text += line;
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
