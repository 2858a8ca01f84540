#ifndef RINGWIRE_CORE_ROUTING_ALLOWED_IPS_H_
#define RINGWIRE_CORE_ROUTING_ALLOWED_IPS_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/base/instant.h"
#include "core/base/quiescence.h"
#include "core/wire/address.h"

namespace ringwire {

struct PeerSlot;
template <typename Key>
struct AllowedIpsNode;
struct V4Key;
struct V6Key;

// Cryptokey routing (WP §2): longest-prefix match from an address to the peer that owns it, IPv4
// and IPv6. A prefix has one owner: giving it to a peer takes it from the previous one.
//
// A path-compressed binary trie whose published nodes never change: an edit copies the path that it
// touches and publishes a new root, so readers need no lock, and an update costs its depth, not the
// table's size. Any online reader of the quiescence domain may look up; only control edits.
class AllowedIps {
 public:
  explicit AllowedIps(QuiescenceDomain* quiescence);
  // No reader may be online.
  ~AllowedIps();
  AllowedIps(const AllowedIps&) = delete;
  AllowedIps& operator=(const AllowedIps&) = delete;

  // The owner of the longest prefix that contains the address, or nullptr. `address` must be set.
  PeerSlot* Lookup(const IpAddress& address) const;

  // Changes of one batch; readers see none of them before Commit(). Within a batch a path is copied
  // once. A prefix that the peer owns already keeps its position in PrefixesOf().
  void Insert(const Prefix& prefix, PeerSlot* peer);
  // Removes the prefix if this peer owns it.
  void Remove(const Prefix& prefix, PeerSlot* peer);
  void RemoveAll(PeerSlot* peer);
  // Removes every prefix of every peer, which takes far less than RemoveAll for each.
  void Clear();
  // Publishes the batch, and retires the nodes that it replaced as one object.
  void Commit(Instant now);

  // The peer's prefixes in the order in which they were added. Includes uncommitted changes.
  std::vector<Prefix> PrefixesOf(const PeerSlot* peer) const;
  size_t size() const;
  // The number of nodes of both tries, forks included: always less than twice size().
  size_t node_count() const;

 private:
  struct Edits;
  // The part that readers use.
  std::atomic<const AllowedIpsNode<V4Key>*> root_v4_{nullptr};
  std::atomic<const AllowedIpsNode<V6Key>*> root_v6_{nullptr};
  // The writer's side: the tries that the next Commit() publishes, and each peer's prefixes in
  // order.
  const std::unique_ptr<Edits> edits_;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_ROUTING_ALLOWED_IPS_H_
