#ifndef RINGWIRE_TESTS_SIM_WORLD_H_
#define RINGWIRE_TESTS_SIM_WORLD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/drop_reason.h"
#include "core/base/instant.h"
#include "core/control/control_plane.h"
#include "crypto/secret.h"
#include "tests/sim/checkers.h"
#include "tests/sim/link.h"
#include "tests/sim/wiretap.h"
#include "tests/support/node.h"
#include "tests/support/seeded_random.h"

namespace ringwire {

// The parameters of a world, drawn from its seed.
struct WorldOptions {
  size_t spokes = 1;  // 1: a pair
  bool outside_v6 = false;
  bool preshared_keys = false;
};

// A hub (host 0, at a fixed address) and its spokes, each a whole gateway; the network between
// them; and their operators, all in virtual time with one queue of events. Every random choice
// derives from the seed, so a seed determines a run. Only the calls below cause faults; the
// checkers always watch.
class World {
 public:
  // `trace`: prints events to stderr, to debug a seed.
  explicit World(uint64_t seed, bool trace = false);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  static constexpr size_t kHub = 0;
  size_t host_count() const { return hosts_.size(); }
  Instant now() const { return now_; }
  // Random choices of the driver; the network has its own source.
  SeededRandom& random() { return random_; }

  void Advance(absl::Duration duration);
  void After(absl::Duration delay, std::function<void()> action);

  // A packet from one host's network to another's: from the hub to a spoke or back.
  void SendPacket(size_t from, size_t to, size_t payload_bytes, IpFamily family);

  // The network.
  void SetConditions(size_t spoke, const LinkConditions& conditions);
  void SetPartitioned(size_t spoke, bool partitioned);
  // Gives the spoke other outside addresses, or its NAT other ports.
  void Roam(size_t spoke);

  // The hosts.
  void Stop(size_t host);
  void Start(size_t host);
  void SetLinkUp(size_t host, bool up);
  void SetFrozen(size_t host, bool frozen);  // nothing runs on it, nothing arrives
  void HoldControl(size_t host, bool hold);
  void HoldCommands(size_t host, bool hold);
  void JumpWallClock(size_t host, absl::Duration by);
  void PretendLoad(size_t host, absl::Duration duration);

  // The operators. The two ends learn of a change at different times: it is in force at an end
  // after its Sync().
  void ChangePresharedKey(size_t spoke) { ++hosts_[spoke].wanted_psk; }
  void ChangePrivateKey(size_t host);
  void SetKeepalive(size_t spoke, uint16_t seconds);
  void MoveToOtherFamily(size_t spoke);
  void RemovePeer(size_t host, size_t peer);
  // For one peer, or for all of the host.
  void SwitchCipher(size_t host, size_t peer, bool of_all, TransportCipher cipher);
  void Sync(size_t host, size_t peer);

  // Ends all trouble and drops datagrams under way.
  void Heal();
  // Call on a healed world: sends packets every second both ways, and after `bound` none may be
  // lost.
  void CheckResumes(absl::Duration bound);
  // Call last: sends no more packets, so that everything must come to rest.
  void CheckComesToRest();

  const Violations& violations() const { return violations_; }
  const Wiretap& wiretap() const { return wiretap_; }
  uint64_t sent_count() const { return deliveries_.next_id(); }
  uint64_t delivered_count() const { return deliveries_.delivered_count(); }
  // What the last node of each host had allocated at its end (AllocatedBytes).
  std::vector<size_t> node_bytes() const;
  // Totals of all hosts in all their lives; complete when the world has come to rest. Sent
  // transport messages by suite, if both ends knew the session.
  using SuiteCounts = std::array<uint64_t, crypto::kAeadSuiteCount>;
  const SuiteCounts& sent_by_suite() const { return sent_by_suite_; }
  using Drops = std::array<uint64_t, kDropReasonCount>;
  const Drops& drops() const { return drops_; }

 private:
  // A host's configuration for a peer.
  struct View {
    bool is_present = false;
    crypto::PublicKey public_key{};
    uint32_t psk = 0;
    uint16_t keepalive = 0;
  };
  struct Host {
    std::unique_ptr<Node> node;  // none while it is off
    size_t node_bytes = 0;       // of the last one, at its end
    uint32_t life = 0;
    crypto::PrivateKey private_key;
    crypto::PublicKey public_key{};
    bool has_aes = false;
    std::vector<HandshakeStamp> stamps;  // on its disk, while it is off
    absl::Time wall_at_boot;
    bool is_frozen = false;
    bool is_link_up = true;
    SocketAddress address_v4, address_v6;
    std::optional<Nat> nat;
    std::map<size_t, View> views;
    ConservationChecker conservation;
    // A spoke: its and the hub's wanted configuration of each other, and the network between them.
    LinkConditions link;
    uint32_t wanted_psk = 0;
    uint16_t wanted_keepalive = 0;
    bool uses_v6 = false;
    bool is_known_to_hub = false;
  };

  const SocketAddress& AddressOf(const Host& host, IpFamily family) const {
    return family == IpFamily::kV4 ? host.address_v4 : host.address_v6;
  }
  bool IsRunning(const Host& host) const { return host.node != nullptr && !host.is_frozen; }
  static size_t SpokeOf(size_t a, size_t b) { return a == kHub ? b : a; }
  crypto::PresharedKey PresharedKey(size_t spoke, uint32_t version) const;
  void AddSpoke(size_t spoke);
  void End(Host& host);

  void Trace(size_t host, std::string_view what) const;
  void RunDue();
  // Takes a host's output: datagrams to the network, packets to the checker.
  void Collect(size_t host);
  void Transmit(size_t host, const Datagram& datagram);
  void CheckSuites(size_t host, const Datagram& datagram);
  void Arrive(const SocketAddress& from, const SocketAddress& to, const Bytes& bytes, uint8_t tos);
  std::optional<size_t> FindHost(const SocketAddress& from, const SocketAddress& to);
  void Receive(size_t host, const SocketAddress& from, const Bytes& bytes, uint8_t tos);
  void ReplayLater(size_t host, const Bytes& bytes, uint8_t tos);

  const uint64_t seed_;
  const bool trace_;
  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  SeededRandom random_;
  SeededRandom network_random_;
  WorldOptions options_;
  Violations violations_{&now_};
  Wiretap wiretap_{&violations_};
  DeliveryChecker deliveries_{&violations_};
  std::vector<Host> hosts_;
  // By time, then by the order in which they were made.
  std::map<std::pair<Instant, uint64_t>, std::function<void()>> events_;
  uint64_t events_made_ = 0;
  uint64_t network_age_ = 0;  // datagrams of an earlier one are dropped
  Drops drops_{};
  SuiteCounts sent_by_suite_{};
  absl::Time latest_wall_at_boot_;
  uint64_t turns_at_once_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_TESTS_SIM_WORLD_H_
