#include "tests/sim/driver.h"

#include <cstddef>
#include <cstdint>

#include "tests/sim/packets.h"

namespace ringwire {
namespace {

size_t PickSpoke(World& world) { return 1 + world.random().Below(world.host_count() - 1); }
size_t PickHost(World& world) { return world.random().Below(world.host_count()); }
size_t PickPeer(World& world, size_t host) {
  return host == World::kHub ? PickSpoke(world) : World::kHub;
}

absl::Duration UpTo(World& world, absl::Duration most) {
  return absl::Nanoseconds(
      world.random().Below(static_cast<uint64_t>(absl::ToInt64Nanoseconds(most))));
}

void SendOne(World& world, size_t from, size_t to) {
  SeededRandom& random = world.random();
  const size_t bytes = kMarkedBytes + random.Below(random.Below(8) == 0 ? 2000 : 100);
  world.SendPacket(from, to, bytes, random.Below(2) == 0 ? IpFamily::kV4 : IpFamily::kV6);
}

void Burst(World& world, size_t from, size_t to) {
  const size_t count = 1 + world.random().Below(world.random().Below(10) == 0 ? 150 : 8);
  for (size_t i = 0; i < count; ++i) SendOne(world, from, to);
}

// Sends packets at intervals, one way or both ways.
void Flow(World& world, size_t from, size_t to) {
  const bool both_ways = world.random().Below(2) == 0;
  const absl::Duration gap = absl::Milliseconds(20 + world.random().Below(1500));
  const size_t count = 1 + world.random().Below(20);
  for (size_t i = 0; i < count; ++i) {
    world.After(gap * static_cast<int64_t>(i), [&world, from, to, both_ways] {
      SendOne(world, from, to);
      if (both_ways) SendOne(world, to, from);
    });
  }
}

// One end applies the change now, the other one a little later.
void SyncBothEnds(World& world, size_t spoke) {
  const size_t first = world.random().Below(2) == 0 ? spoke : World::kHub;
  const size_t second = first == spoke ? World::kHub : spoke;
  world.Sync(first, second);
  world.After(UpTo(world, absl::Seconds(20)),
              [&world, first, second] { world.Sync(second, first); });
}

void ChangePrivateKey(World& world, size_t host) {
  world.ChangePrivateKey(host);
  for (size_t peer = 0; peer < world.host_count(); ++peer) {
    if (peer == host || (host != World::kHub && peer != World::kHub)) continue;
    world.After(UpTo(world, absl::Seconds(20)), [&world, host, peer] { world.Sync(peer, host); });
  }
}

// Events of the network.
void DisturbNetwork(World& world, size_t spoke) {
  switch (world.random().Below(4)) {
    case 0:
      world.SetConditions(spoke, LinkConditions::Healthy(world.random()));
      break;
    case 1:
      world.SetConditions(spoke, LinkConditions::Random(world.random()));
      break;
    case 2:
      world.SetPartitioned(spoke, true);
      world.After(UpTo(world, absl::Seconds(world.random().Below(4) == 0 ? 120 : 20)),
                  [&world, spoke] { world.SetPartitioned(spoke, false); });
      break;
    default:
      world.Roam(spoke);
      break;
  }
}

// Events of a host.
void DisturbHost(World& world, size_t host, Restarts restarts) {
  const absl::Duration pause = UpTo(world, absl::Seconds(15));
  const uint64_t dice = world.random().Below(7);
  switch (restarts == Restarts::kNone && dice == 0 ? 1 : dice) {
    case 0:
      world.Stop(host);
      world.After(pause, [&world, host] { world.Start(host); });
      break;
    case 1:
      world.SetLinkUp(host, false);
      world.After(pause, [&world, host] { world.SetLinkUp(host, true); });
      break;
    case 2:
      world.SetFrozen(host, true);
      world.After(pause * (world.random().Below(4) == 0 ? 20 : 1),
                  [&world, host] { world.SetFrozen(host, false); });
      break;
    case 3:
      world.HoldControl(host, true);
      world.After(pause / 5, [&world, host] { world.HoldControl(host, false); });
      break;
    case 4:
      world.HoldCommands(host, true);
      world.After(pause / 15, [&world, host] { world.HoldCommands(host, false); });
      break;
    case 5:
      world.JumpWallClock(host, UpTo(world, absl::Hours(2)) - absl::Hours(1));
      break;
    default:
      world.PretendLoad(host, pause);
      break;
  }
}

// Events by operators.
void Operate(World& world, size_t host, size_t spoke) {
  const size_t peer = PickPeer(world, host);
  switch (world.random().Below(6)) {
    case 0:
      world.ChangePresharedKey(spoke);
      SyncBothEnds(world, spoke);
      break;
    case 1:
      ChangePrivateKey(world, host);
      break;
    case 2:
      world.RemovePeer(host, peer);
      world.After(UpTo(world, absl::Seconds(20)), [&world, host, peer] { world.Sync(host, peer); });
      break;
    case 3:
      world.SetKeepalive(spoke, static_cast<uint16_t>(
                                    world.random().Below(2) == 0 ? 0 : world.random().Below(30)));
      break;
    case 4:
      world.SwitchCipher(host, peer, world.random().Below(2) == 0,
                         world.random().Below(3) == 0 ? TransportCipher::kChaCha20Poly1305
                                                      : TransportCipher::kAuto);
      break;
    default:
      world.MoveToOtherFamily(spoke);
      break;
  }
}

void ActOnce(World& world, Restarts restarts) {
  const size_t from = PickHost(world);
  const size_t to = PickPeer(world, from);
  const uint64_t dice = world.random().Below(100);
  if (dice < 40) {
    Burst(world, from, to);
  } else if (dice < 70) {
    Flow(world, from, to);
  } else if (dice < 85) {
    DisturbNetwork(world, PickSpoke(world));
  } else if (dice < 94) {
    DisturbHost(world, from, restarts);
  } else {
    Operate(world, from, PickSpoke(world));
  }
}

// Mostly busy, sometimes quiet, rarely silent for longer than a key lives.
absl::Duration NextPause(World& world) {
  const uint64_t dice = world.random().Below(20);
  if (dice < 10) return UpTo(world, absl::Milliseconds(500));
  if (dice < 16) return UpTo(world, absl::Seconds(8));
  if (dice < 19) return UpTo(world, absl::Seconds(40));
  return UpTo(world, absl::Seconds(250));
}

}  // namespace

void MakeTrouble(World& world, absl::Duration duration, Restarts restarts) {
  const Instant end = world.now() + duration;
  while (world.now() < end) {
    ActOnce(world, restarts);
    world.Advance(NextPause(world));
  }
}

}  // namespace ringwire
