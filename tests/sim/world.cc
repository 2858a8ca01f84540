// World: the network, the packets and the clock.

#include "tests/sim/world.h"

#include <algorithm>
#include <cstdio>

#include "core/base/check.h"
#include "core/wire/messages.h"
#include "fmt/format.h"
#include "tests/sim/packets.h"

namespace ringwire {
namespace {

// The address from which an attacker replays overheard datagrams.
const SocketAddress kStrangerV4 = *SocketAddress::Parse("203.0.113.66:666");
const SocketAddress kStrangerV6 = *SocketAddress::Parse("[2001:db8:bad::66]:666");

}  // namespace

void World::Trace(size_t host, std::string_view what) const {
  if (!trace_) return;
  const std::string line =
      fmt::format("{:>16} host {} {}\n", absl::FormatDuration(now_ - Instant()), host, what);
  (void)std::fputs(line.c_str(), stderr);
}

void World::Advance(absl::Duration duration) {
  const Instant end = now_ + duration;
  while (true) {
    Instant next = end;
    if (!events_.empty()) next = std::min(next, events_.begin()->first.first);
    for (const Host& host : hosts_) {
      if (IsRunning(host) && !host.node->holds_control())
        next = std::min(next, host.node->NextDeadline());
    }
    // An event that is always due must not hang the run.
    turns_at_once_ = next > now_ ? 0 : turns_at_once_ + 1;
    CHECK(turns_at_once_ < 100'000);
    now_ = std::max(now_, next);
    RunDue();
    if (now_ >= end) return;
  }
}

void World::RunDue() {
  for (size_t i = 0; i < hosts_.size(); ++i) {
    Host& host = hosts_[i];
    if (!IsRunning(host) || host.node->holds_control() || host.node->NextDeadline() > now_)
      continue;
    host.node->RunControl(now_);
    Collect(i);
  }
  while (!events_.empty() && events_.begin()->first.first <= now_) {
    const std::function<void()> action = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    action();
  }
}

void World::After(absl::Duration delay, std::function<void()> action) {
  events_.emplace(std::pair(now_ + delay, events_made_++), std::move(action));
}

void World::SendPacket(size_t from, size_t to, size_t payload_bytes, IpFamily family) {
  Host& host = hosts_[from];
  if (!IsRunning(host)) return;
  Bytes packet = BuildMarkedPacket(family, from, to, payload_bytes, deliveries_.next_id());
  host.conservation.CountIn();
  host.node->FromTun(now_, packet);
  deliveries_.Sent(now_, to, std::move(packet));
  Collect(from);
}

void World::Collect(size_t index) {
  Host& host = hosts_[index];
  for (const Bytes& packet : host.node->TakeDelivered()) {
    host.conservation.CountDelivered();
    // The gateway's ICMP error for a packet that it could not forward.
    const bool is_icmp = packet[packet[0] >> 4 == 4 ? 9 : 6] != 17;
    if (!is_icmp) deliveries_.Delivered(now_, index, packet);
  }
  for (const Datagram& datagram : host.node->TakeDatagrams()) {
    host.conservation.CountDatagramOut(datagram);
    if (trace_) {
      Trace(index, fmt::format("sends type {}, {} bytes, for peer {}.{} to {}", datagram.bytes[0],
                               datagram.bytes.size(), datagram.peer.index, datagram.peer.generation,
                               datagram.to.remote.ToString()));
    }
    wiretap_.Record(now_, {index, host.life}, datagram);
    CheckSuites(index, datagram);
    Transmit(index, datagram);
  }
  for (const Notice& notice : host.node->TakeNotices()) Trace(index, notice.text);
  CheckBounds(*host.node, host.views.size(), &violations_);
}

void World::CheckSuites(size_t index, const Datagram& datagram) {
  for (size_t other = 0; other < hosts_.size(); ++other) {
    if (other == index || hosts_[other].node == nullptr) continue;
    const auto suite =
        CheckSameSuite(*hosts_[index].node, *hosts_[other].node, datagram.bytes, &violations_);
    if (suite.has_value()) ++sent_by_suite_[static_cast<size_t>(*suite)];
  }
}

void World::Transmit(size_t index, const Datagram& datagram) {
  Host& host = hosts_[index];
  const SocketAddress& to = datagram.to.remote;
  if ((to == kStrangerV4 || to == kStrangerV6) && datagram.bytes[0] != kMessageCookieReply) {
    violations_.Add(
        fmt::format("host {} speaks to a stranger, who only repeats what others said", index));
  }
  // As the platform does: if the source address is gone, the kernel chooses one, and control is
  // told.
  const SocketAddress& inside = AddressOf(host, to.address.family);
  if (datagram.to.local.IsSet() && datagram.to.local != inside.address) {
    host.node->link().ReportUnusableSource(datagram.peer);
    After(absl::ZeroDuration(), [this, index, life = host.life] {
      Host& same = hosts_[index];
      if (same.life != life || !IsRunning(same)) return;
      same.node->RunControl(now_);
      Collect(index);
    });
  }
  const SocketAddress from =
      host.nat.has_value() ? host.nat->Translate(now_, to, network_random_) : inside;
  // Every path uses the spoke's access link.
  size_t spoke = index;
  if (index == kHub) {
    const std::optional<size_t> there = FindHost(from, to);
    if (!there.has_value()) return;
    spoke = *there;
  }
  for (Arrival& arrival : Pass(hosts_[spoke].link, datagram.bytes, network_random_)) {
    After(arrival.after, [this, from, to, bytes = std::move(arrival.bytes), tos = datagram.tos,
                          age = network_age_] {
      if (age == network_age_) Arrive(from, to, bytes, tos);
    });
  }
}

std::optional<size_t> World::FindHost(const SocketAddress& from, const SocketAddress& to) {
  for (size_t i = 0; i < hosts_.size(); ++i) {
    Host& host = hosts_[i];
    if (host.nat.has_value()) {
      if (host.nat->IsOutside(to.address) && host.nat->Admits(now_, from, to)) return i;
    } else if (to == AddressOf(host, to.address.family)) {
      return i;
    }
  }
  return std::nullopt;
}

void World::Arrive(const SocketAddress& from, const SocketAddress& to, const Bytes& bytes,
                   uint8_t tos) {
  const std::optional<size_t> index = FindHost(from, to);
  if (!index.has_value() || !IsRunning(hosts_[*index])) return;
  Node& node = *hosts_[*index].node;
  const uint64_t dropped = node.DroppedTotal();
  Receive(*index, from, bytes, tos);
  const bool was_taken = node.DroppedTotal() == dropped && !node.holds_control();
  if (was_taken && network_random_.Below(20) == 0) ReplayLater(*index, bytes, tos);
}

void World::Receive(size_t index, const SocketAddress& from, const Bytes& bytes, uint8_t tos) {
  Host& host = hosts_[index];
  host.conservation.CountIn();
  const uint64_t delivered = deliveries_.delivered_count();
  const Endpoint endpoint{from, AddressOf(host, from.address.family).address, 0};
  host.node->FromWire(now_, endpoint, bytes, 0, tos);
  Collect(index);
  if (deliveries_.delivered_count() > delivered) wiretap_.CheckOpened(now_, index, bytes);
}

void World::ReplayLater(size_t index, const Bytes& bytes, uint8_t tos) {
  const auto delay = absl::Milliseconds(network_random_.Below(60'000));
  After(delay, [this, index, bytes, tos, life = hosts_[index].life, age = network_age_] {
    if (age != network_age_ || hosts_[index].life != life || !IsRunning(hosts_[index])) return;
    Receive(index, options_.outside_v6 ? kStrangerV6 : kStrangerV4, bytes, tos);
  });
}

void World::SetConditions(size_t spoke, const LinkConditions& conditions) {
  Trace(spoke, "has other link conditions");
  hosts_[spoke].link = conditions;
}

void World::SetPartitioned(size_t spoke, bool partitioned) {
  Trace(spoke, partitioned ? "is cut off" : "is connected again");
  hosts_[spoke].link.partitioned = partitioned;
}

void World::Heal() {
  Trace(kHub, "and all others are healed");
  ++network_age_;
  for (size_t i = 0; i < hosts_.size(); ++i) {
    Host& host = hosts_[i];
    host.link = LinkConditions::Healthy(random_);
    host.is_frozen = false;
    // A clock set back would lock its host out until it catches up (rule 19).
    latest_wall_at_boot_ += absl::Seconds(1);
    host.wall_at_boot = latest_wall_at_boot_;
    Start(i);
    host.node->set_wall_at_boot(host.wall_at_boot);
    host.node->shared().under_load_until_ns.store(0);
    HoldCommands(i, false);
    HoldControl(i, false);
    SetLinkUp(i, true);
  }
  for (size_t spoke = 1; spoke < hosts_.size(); ++spoke) {
    Sync(kHub, spoke);
    Sync(spoke, kHub);
  }
}

void World::CheckResumes(absl::Duration bound) {
  const Instant demanded_from = now_ + bound;
  const Instant demanded_until = demanded_from + absl::Seconds(10);
  while (now_ < demanded_until) {
    for (size_t spoke = 1; spoke < hosts_.size(); ++spoke) {
      const IpFamily family = random_.Below(2) == 0 ? IpFamily::kV4 : IpFamily::kV6;
      SendPacket(kHub, spoke, kMarkedBytes, family);
      SendPacket(spoke, kHub, kMarkedBytes, family);
    }
    Advance(absl::Seconds(1));
  }
  Advance(absl::Seconds(1));
  deliveries_.CheckAllDelivered(demanded_from, demanded_until);
}

void World::CheckComesToRest() {
  for (size_t spoke = 1; spoke < hosts_.size(); ++spoke) SetKeepalive(spoke, 0);
  Advance(absl::Minutes(12));
  const Instant quiet_since = now_;
  Advance(absl::Hours(1));
  if (wiretap_.last_at() >= quiet_since)
    violations_.Add("somebody speaks although nobody has anything to say");
  for (Host& host : hosts_) {
    CheckIdle(*host.node, &violations_);
    End(host);
  }
}

}  // namespace ringwire
