// World: the hosts and their operators.

#include <algorithm>

#include "core/base/check.h"
#include "crypto/x25519.h"
#include "tests/sim/packets.h"
#include "tests/sim/world.h"
#include "tests/support/allocated_bytes.h"

namespace ringwire {
namespace {

constexpr uint16_t kPort = 51820;
const absl::Time kFirstWallAtBoot = absl::FromUnixSeconds(1'800'000'000);

IpAddress V4(const char* network, size_t host) {
  return *IpAddress::Parse(network + std::to_string(host));
}
IpAddress V6(const char* network, size_t host) {
  return *IpAddress::Parse(network + std::to_string(host));
}

}  // namespace

World::World(uint64_t seed, bool trace)
    : seed_(seed),
      trace_(trace),
      random_(seed * 2),
      network_random_(seed * 2 + 1),
      latest_wall_at_boot_(kFirstWallAtBoot) {
  options_.spokes = 1 + (random_.Below(3) == 0 ? random_.Below(3) : 0);
  options_.outside_v6 = random_.Below(2) == 0;
  options_.preshared_keys = random_.Below(2) == 0;
  hosts_.resize(options_.spokes + 1);
  for (size_t i = 0; i < hosts_.size(); ++i) {
    Host& host = hosts_[i];
    host.private_key = crypto::GeneratePrivateKey(random_);
    host.public_key = crypto::PublicFromPrivate(host.private_key);
    host.has_aes = random_.Below(3) != 0;
    host.wall_at_boot = kFirstWallAtBoot + absl::Seconds(random_.Below(100));
    latest_wall_at_boot_ = std::max(latest_wall_at_boot_, host.wall_at_boot);
    host.address_v4 = {V4("192.0.2.", 10 + i), kPort, 0};
    host.address_v6 = {V6("2001:db8::", 10 + i), kPort, 0};
    if (i != kHub) AddSpoke(i);
  }
  for (size_t i = 0; i < hosts_.size(); ++i) Start(i);
}

World::~World() = default;

void World::AddSpoke(size_t spoke) {
  Host& host = hosts_[spoke];
  hosts_[kHub].views[spoke] = {};
  host.views[kHub] = {};
  host.link = LinkConditions::Healthy(random_);
  host.uses_v6 = options_.outside_v6;
  if (random_.Below(3) == 0) {
    host.nat.emplace(V4("198.51.100.", 10 + spoke), V6("2001:db8:1::", 10 + spoke),
                     absl::Seconds(2 + random_.Below(180)));
  } else {
    host.is_known_to_hub = random_.Below(2) == 0;
  }
  if (random_.Below(3) == 0) host.wanted_keepalive = static_cast<uint16_t>(1 + random_.Below(40));
}

crypto::PresharedKey World::PresharedKey(size_t spoke, uint32_t version) const {
  crypto::PresharedKey key;
  // Without preshared keys there are none until an operator changes that.
  if (!options_.preshared_keys && version == 0) return key;
  SeededRandom(seed_ + spoke * 1'000 + version).Fill(key.bytes());
  return key;
}

void World::Roam(size_t spoke) {
  Trace(spoke, "roams");
  Host& host = hosts_[spoke];
  if (host.nat.has_value()) {
    host.nat->Rebind();
    if (random_.Below(2) == 0) return;
  }
  const size_t place = 100 + random_.Below(30) * host_count() + spoke;  // there is no other host
  host.address_v4.address = V4("192.0.2.", place);
  host.address_v6.address = V6("2001:db8::", place);
  if (random_.Below(2) == 0) {
    host.address_v4.port = host.address_v6.port =
        static_cast<uint16_t>(1024 + random_.Below(60'000));
  }
}

void World::End(Host& host) {
  if (host.node == nullptr) return;
  host.conservation.Check(*host.node, host.views.size(), &violations_);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    drops_[i] += host.node->Dropped(static_cast<DropReason>(i));
  }
  host.stamps = host.node->control().TakeStampChanges(true).raised;
  const size_t before = AllocatedBytes();
  host.node.reset();
  host.node_bytes = before - AllocatedBytes();
}

std::vector<size_t> World::node_bytes() const {
  std::vector<size_t> bytes;
  for (const Host& host : hosts_) bytes.push_back(host.node_bytes);
  return bytes;
}

void World::Stop(size_t index) {
  Trace(index, "stops");
  End(hosts_[index]);
  for (auto& [peer, view] : hosts_[index].views) view = {};
}

void World::Start(size_t index) {
  Host& host = hosts_[index];
  if (host.node != nullptr) return;
  Trace(index, "starts");
  ++host.life;
  host.node = std::make_unique<Node>(seed_ ^ (uint64_t{host.life} << 40) ^ (uint64_t{index} << 60),
                                     InboundOptions(), ControlOptions{host.has_aes});
  host.conservation = {};
  host.is_frozen = false;
  host.is_link_up = true;
  host.node->set_private_key(host.private_key);
  host.node->set_wall_at_boot(host.wall_at_boot);
  host.node->control().RestoreStamps(now_, host.stamps);
  host.node->Start(now_);
  for (const auto& [peer, view] : std::map(host.views)) Sync(index, peer);
}

void World::SetLinkUp(size_t index, bool up) {
  Host& host = hosts_[index];
  if (!IsRunning(host) || host.is_link_up == up) return;
  Trace(index, up ? "has its link up" : "has its link down");
  host.is_link_up = up;
  wiretap_.AllowInitiations({index, host.life});
  host.node->SetLinkUp(now_, up);
  Collect(index);
}

void World::SetFrozen(size_t index, bool frozen) {
  Host& host = hosts_[index];
  if (host.node == nullptr || host.is_frozen == frozen) return;
  Trace(index, frozen ? "freezes" : "thaws");
  host.is_frozen = frozen;
  if (frozen) return;
  host.node->RunControl(now_);
  Collect(index);
}

void World::HoldControl(size_t index, bool hold) {
  Host& host = hosts_[index];
  if (host.node == nullptr || host.is_frozen) return;
  Trace(index, hold ? "has its control held" : "has its control released");
  host.node->set_hold_control(hold);
  host.node->RunControl(now_);
  Collect(index);
}

void World::HoldCommands(size_t index, bool hold) {
  Host& host = hosts_[index];
  if (host.node == nullptr || host.is_frozen) return;
  Trace(index, hold ? "has its commands held" : "has its commands released");
  host.node->set_hold_commands(hold);
  if (hold) return;
  host.node->RunCommands(now_);
  Collect(index);
}

void World::JumpWallClock(size_t index, absl::Duration by) {
  Host& host = hosts_[index];
  Trace(index, "has its wall clock set");
  host.wall_at_boot += by;
  latest_wall_at_boot_ = std::max(latest_wall_at_boot_, host.wall_at_boot);
  if (host.node != nullptr) host.node->set_wall_at_boot(host.wall_at_boot);
}

void World::PretendLoad(size_t index, absl::Duration duration) {
  Host& host = hosts_[index];
  if (host.node != nullptr)
    host.node->shared().under_load_until_ns.store((now_ + duration).nanoseconds());
}

void World::ChangePrivateKey(size_t index) {
  Host& host = hosts_[index];
  if (!IsRunning(host)) return;
  Trace(index, "changes its private key");
  host.private_key = crypto::GeneratePrivateKey(random_);
  host.public_key = crypto::PublicFromPrivate(host.private_key);
  wiretap_.AllowInitiations({index, host.life});
  DeviceUpdate update;
  update.private_key = host.private_key;
  CHECK(host.node->Apply(now_, update).ok());
  Collect(index);
}

void World::SwitchCipher(size_t index, size_t peer, bool of_all, TransportCipher cipher) {
  Host& host = hosts_[index];
  const View& view = host.views[peer];
  if (!IsRunning(host) || !view.is_present) return;
  Trace(index, "has its transport cipher switched");
  DeviceUpdate update;
  if (of_all) {
    update.transport_cipher = cipher;
  } else {
    PeerUpdate& change = update.peers.emplace_back();
    change.public_key = view.public_key;
    change.update_only = true;
    change.transport_cipher = cipher;
  }
  CHECK(host.node->Apply(now_, update).ok());
  Collect(index);
}

void World::SetKeepalive(size_t spoke, uint16_t seconds) {
  hosts_[spoke].wanted_keepalive = seconds;
  Sync(spoke, kHub);
}

void World::MoveToOtherFamily(size_t spoke) {
  Host& host = hosts_[spoke];
  Trace(spoke, "moves to the other family");
  host.uses_v6 = !host.uses_v6;
  const View& view = host.views[kHub];
  if (!IsRunning(host) || !view.is_present) return;
  DeviceUpdate update;
  PeerUpdate& peer = update.peers.emplace_back();
  peer.public_key = view.public_key;
  peer.endpoint = AddressOf(hosts_[kHub], host.uses_v6 ? IpFamily::kV6 : IpFamily::kV4);
  CHECK(host.node->Apply(now_, update).ok());
  Collect(spoke);
}

void World::RemovePeer(size_t index, size_t peer) {
  Host& host = hosts_[index];
  View& view = host.views[peer];
  if (!IsRunning(host) || !view.is_present) return;
  DeviceUpdate update;
  PeerUpdate& change = update.peers.emplace_back();
  change.public_key = view.public_key;
  change.remove = true;
  Trace(index, "removes a peer");
  view = {};
  CHECK(host.node->Apply(now_, update).ok());
  Collect(index);
}

void World::Sync(size_t index, size_t peer) {
  Host& host = hosts_[index];
  if (!IsRunning(host)) return;
  const Host& spoke = hosts_[SpokeOf(index, peer)];
  View& view = host.views[peer];
  if (view.is_present && view.public_key != hosts_[peer].public_key) RemovePeer(index, peer);
  View wanted{true, hosts_[peer].public_key, spoke.wanted_psk, spoke.wanted_keepalive};
  if (index == kHub) wanted.keepalive = 0;
  DeviceUpdate update;
  PeerUpdate& change = update.peers.emplace_back();
  change.public_key = wanted.public_key;
  if (!view.is_present) {
    for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
      change.allowed_ips.push_back(
          {Prefix::Of(InsideAddress(family, peer), family == IpFamily::kV4 ? 32 : 128)});
    }
    const IpFamily family = spoke.uses_v6 ? IpFamily::kV6 : IpFamily::kV4;
    if (index != kHub || spoke.is_known_to_hub) change.endpoint = AddressOf(hosts_[peer], family);
  }
  if (!view.is_present || view.psk != wanted.psk) {
    change.preshared_key = PresharedKey(SpokeOf(index, peer), wanted.psk);
  }
  if (view.keepalive != wanted.keepalive) change.persistent_keepalive_seconds = wanted.keepalive;
  Trace(index, "is told of a peer's settings");
  view = wanted;
  CHECK(host.node->Apply(now_, update).ok());
  Collect(index);
}

}  // namespace ringwire
