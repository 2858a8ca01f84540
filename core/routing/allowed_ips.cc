#include "core/routing/allowed_ips.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <list>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "core/base/check.h"
#include "core/base/endian.h"

namespace ringwire {

// Keys are host-order integers: bit 0 is the first bit of the address.
struct V4Key {
  static constexpr unsigned kBits = 32;
  uint32_t word;

  static V4Key Of(const IpAddress& address) { return {LoadBe32(address.bytes.data())}; }
  unsigned Bit(unsigned i) const { return (word >> (31 - i)) & 1; }
  // Whether the first `length` bits agree.
  bool Agrees(V4Key other, unsigned length) const {
    return (uint64_t{word ^ other.word} >> (32 - length)) == 0;
  }
  unsigned CommonBits(V4Key other) const {
    return static_cast<unsigned>(std::countl_zero(word ^ other.word));
  }
};

struct V6Key {
  static constexpr unsigned kBits = 128;
  uint64_t high;
  uint64_t low;

  static V6Key Of(const IpAddress& address) {
    return {LoadBe64(address.bytes.data()), LoadBe64(address.bytes.data() + 8)};
  }
  unsigned Bit(unsigned i) const {
    return static_cast<unsigned>((i < 64 ? high >> (63 - i) : low >> (127 - i)) & 1);
  }
  bool Agrees(V6Key other, unsigned length) const {
    if (length <= 64) return length == 0 || ((high ^ other.high) >> (64 - length)) == 0;
    return high == other.high && ((low ^ other.low) >> (128 - length)) == 0;
  }
  unsigned CommonBits(V6Key other) const {
    return static_cast<unsigned>(high != other.high ? std::countl_zero(high ^ other.high)
                                                    : 64 + std::countl_zero(low ^ other.low));
  }
};

// A prefix with an owner, or a fork without one, which always has two children. Immutable once
// published.
template <typename Key>
struct AllowedIpsNode {
  AllowedIpsNode* child[2];  // by the first bit after the prefix
  PeerSlot* owner;
  Key key;
  uint8_t length;
  uint64_t batch;  // the writer's: which batch created it, and so may still edit it in place
};
static_assert(sizeof(AllowedIpsNode<V4Key>) == 40);
static_assert(sizeof(AllowedIpsNode<V6Key>) == 56);

namespace {

template <typename Key>
PeerSlot* LongestMatch(const AllowedIpsNode<Key>* node, Key key) {
  PeerSlot* owner = nullptr;
  while (node != nullptr && key.Agrees(node->key, node->length)) {
    if (node->owner != nullptr) owner = node->owner;
    if (node->length == Key::kBits) break;
    node = node->child[key.Bit(node->length)];
  }
  return owner;
}

// A node with everything below it.
template <typename Key>
struct DeleteSubtrie {
  // Recursion is as deep as the trie: at most kBits + 1 calls.
  void operator()(const AllowedIpsNode<Key>* node) const {
    if (node == nullptr) return;
    (*this)(node->child[0]);
    (*this)(node->child[1]);
    delete node;
  }
};

// What a batch has replaced, for the quiescence domain.
template <typename Key>
struct Replaced {
  std::vector<std::unique_ptr<const AllowedIpsNode<Key>>> nodes;
  std::vector<std::unique_ptr<const AllowedIpsNode<Key>, DeleteSubtrie<Key>>> tries;

  bool empty() const { return nodes.empty() && tries.empty(); }
};

// One family's trie on the writer's side. It edits nodes of the current batch in place, and copies
// published nodes first. Publish() returns the replaced ones.
template <typename Key>
class Trie {
 public:
  using Node = AllowedIpsNode<Key>;

  Trie() = default;
  // No reader may reach published nodes any more.
  ~Trie() { DeleteSubtrie<Key>()(root_); }
  Trie(const Trie&) = delete;
  Trie& operator=(const Trie&) = delete;

  // Adds the prefix or gives it a new owner.
  void Set(Key key, unsigned length, PeerSlot* owner) {
    Node** slot = &root_;
    while (*slot != nullptr) {
      const Node* const met = *slot;
      const unsigned common = std::min({met->length + 0U, length, key.CommonBits(met->key)});
      if (common < met->length) return SplitAbove(slot, common, key, length, owner);
      Node* const node = Edit(slot);
      if (node->length == length) {
        node->owner = owner;
        return;
      }
      slot = &node->child[key.Bit(node->length)];
    }
    *slot = NewNode(key, length, owner);
  }

  // Removes a prefix that is there.
  void Erase(Key key, unsigned length) {
    Node** parent_slot = nullptr;
    Node** slot = &root_;
    while ((*slot)->length < length) {
      Node* const node = Edit(slot);
      parent_slot = slot;
      slot = &node->child[key.Bit(node->length)];
    }
    Node* const found = *slot;
    DCHECK(found->length == length && found->owner != nullptr && key.Agrees(found->key, length));
    if (found->child[0] != nullptr && found->child[1] != nullptr) {
      Edit(slot)->owner = nullptr;
      return;
    }
    *slot = found->child[found->child[0] == nullptr ? 1 : 0];
    Discard(found);
    if (*slot != nullptr || parent_slot == nullptr) return;
    // A fork with one child left is replaced by that child.
    Node* const parent = *parent_slot;
    if (parent->owner != nullptr) return;
    *parent_slot = parent->child[parent->child[0] == nullptr ? 1 : 0];
    Discard(parent);
  }

  void Clear() {
    if (root_ != nullptr) replaced_.tries.emplace_back(std::exchange(root_, nullptr));
    node_count_ = 0;
  }

  // Ends the batch. Returns the nodes that readers may still hold but can no longer reach.
  Replaced<Key> Publish(std::atomic<const Node*>* root) {
    root->store(root_, std::memory_order_release);
    ++batch_;
    return std::exchange(replaced_, {});
  }

  size_t node_count() const { return node_count_; }

 private:
  Node* NewNode(Key key, unsigned length, PeerSlot* owner) {
    ++node_count_;
    return new Node{{nullptr, nullptr}, owner, key, static_cast<uint8_t>(length), batch_};
  }

  // Puts the new prefix above the node in `slot`, or both below a fork where they differ.
  void SplitAbove(Node** slot, unsigned common, Key key, unsigned length, PeerSlot* owner) {
    Node* const below = *slot;
    Node* const added = NewNode(key, length, owner);
    if (common == length) {
      added->child[below->key.Bit(length)] = below;
      *slot = added;
      return;
    }
    // The bits of its key from `common` on are never read.
    Node* const fork = NewNode(key, common, nullptr);
    fork->child[key.Bit(common)] = added;
    fork->child[below->key.Bit(common)] = below;
    *slot = fork;
  }

  // The node in `slot`, copied first unless this batch created it.
  Node* Edit(Node** slot) {
    Node* const node = *slot;
    if (node->batch == batch_) return node;
    replaced_.nodes.emplace_back(node);
    *slot = new Node(*node);
    (*slot)->batch = batch_;
    return *slot;
  }

  void Discard(Node* node) {
    --node_count_;
    if (node->batch == batch_) {
      delete node;
    } else {
      replaced_.nodes.emplace_back(node);
    }
  }

  Node* root_ = nullptr;
  size_t node_count_ = 0;  // below root_
  uint64_t batch_ = 1;
  Replaced<Key> replaced_;  // published nodes that the current batch replaced
};

struct PrefixHash {
  size_t operator()(const Prefix& prefix) const {
    const uint8_t* const bytes = prefix.address.bytes.data();
    return absl::Hash<std::tuple<uint64_t, uint64_t, uint8_t, IpFamily>>()(
        {LoadBe64(bytes), LoadBe64(bytes + 8), prefix.length, prefix.address.family});
  }
};

}  // namespace

struct AllowedIps::Edits {
  struct Place {
    PeerSlot* owner;
    std::list<Prefix>::iterator in_list;
  };

  explicit Edits(QuiescenceDomain* domain) : quiescence(domain) {}

  void Set(const Prefix& prefix, PeerSlot* peer) {
    if (prefix.address.family == IpFamily::kV4) {
      v4.Set(V4Key::Of(prefix.address), prefix.length, peer);
    } else {
      v6.Set(V6Key::Of(prefix.address), prefix.length, peer);
    }
  }
  void Erase(const Prefix& prefix) {
    if (prefix.address.family == IpFamily::kV4) {
      v4.Erase(V4Key::Of(prefix.address), prefix.length);
    } else {
      v6.Erase(V6Key::Of(prefix.address), prefix.length);
    }
  }
  void EraseFromList(const Place& place) {
    const auto owned = prefixes_of.find(place.owner);
    owned->second.erase(place.in_list);
    if (owned->second.empty()) prefixes_of.erase(owned);
  }

  QuiescenceDomain* const quiescence;
  Trie<V4Key> v4;
  Trie<V6Key> v6;
  absl::flat_hash_map<Prefix, Place, PrefixHash> places;
  absl::flat_hash_map<const PeerSlot*, std::list<Prefix>> prefixes_of;  // never an empty list
};

AllowedIps::AllowedIps(QuiescenceDomain* quiescence)
    : edits_(std::make_unique<Edits>(quiescence)) {}

AllowedIps::~AllowedIps() = default;

PeerSlot* AllowedIps::Lookup(const IpAddress& address) const {
  DCHECK(address.IsSet());
  if (address.family == IpFamily::kV4) {
    return LongestMatch(root_v4_.load(std::memory_order_acquire), V4Key::Of(address));
  }
  return LongestMatch(root_v6_.load(std::memory_order_acquire), V6Key::Of(address));
}

void AllowedIps::Insert(const Prefix& prefix, PeerSlot* peer) {
  CHECK(prefix.address.IsSet() && peer != nullptr);
  CHECK(prefix == Prefix::Of(prefix.address, prefix.length));
  const auto found = edits_->places.find(prefix);
  if (found != edits_->places.end()) {
    if (found->second.owner == peer) return;
    edits_->EraseFromList(found->second);
  }
  std::list<Prefix>& list = edits_->prefixes_of[peer];
  edits_->places.insert_or_assign(prefix, Edits::Place{peer, list.insert(list.end(), prefix)});
  edits_->Set(prefix, peer);
}

void AllowedIps::Remove(const Prefix& prefix, PeerSlot* peer) {
  const auto found = edits_->places.find(prefix);
  if (found == edits_->places.end() || found->second.owner != peer) return;
  edits_->EraseFromList(found->second);
  edits_->places.erase(found);
  edits_->Erase(prefix);
}

void AllowedIps::RemoveAll(PeerSlot* peer) {
  const auto owned = edits_->prefixes_of.find(peer);
  if (owned == edits_->prefixes_of.end()) return;
  for (const Prefix& prefix : owned->second) {
    edits_->places.erase(prefix);
    edits_->Erase(prefix);
  }
  edits_->prefixes_of.erase(owned);
}

void AllowedIps::Clear() {
  edits_->v4.Clear();
  edits_->v6.Clear();
  edits_->places = {};
  edits_->prefixes_of = {};
}

void AllowedIps::Commit(Instant now) {
  auto v4 = edits_->v4.Publish(&root_v4_);
  auto v6 = edits_->v6.Publish(&root_v6_);
  if (v4.empty() && v6.empty()) return;
  auto replaced =
      std::make_shared<std::pair<decltype(v4), decltype(v6)>>(std::move(v4), std::move(v6));
  edits_->quiescence->Retire(std::move(replaced), now);
}

std::vector<Prefix> AllowedIps::PrefixesOf(const PeerSlot* peer) const {
  const auto owned = edits_->prefixes_of.find(peer);
  if (owned == edits_->prefixes_of.end()) return {};
  return {owned->second.begin(), owned->second.end()};
}

size_t AllowedIps::size() const { return edits_->places.size(); }

size_t AllowedIps::node_count() const { return edits_->v4.node_count() + edits_->v6.node_count(); }

}  // namespace ringwire
