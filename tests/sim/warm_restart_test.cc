// A gateway restarts while a thousand clients are connected. None of them sends anything, and none
// has an endpoint in the gateway's configuration.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/wire/constants.h"
#include "gtest/gtest.h"
#include "tests/support/control_pair.h"

namespace ringwire {
namespace {

constexpr size_t kClients = 1'000;
const absl::Duration kOneWay = absl::Milliseconds(40);

class WarmRestartSimTest : public testing::Test {
 protected:
  WarmRestartSimTest() {
    for (size_t i = 0; i < kClients; ++i) {
      const std::string host = std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
      clients_.push_back(
          std::make_unique<ControlNode>(100 + i, "198.18." + host + ":51820", "10.7." + host));
      by_address_.emplace(clients_[i]->address.address, clients_[i].get());
    }
  }

  // Gives the gateway its peers, without endpoints.
  void Configure(ControlNode& gateway) {
    DeviceUpdate update;
    update.private_key = gateway.private_key;
    for (const auto& client : clients_) update.peers.push_back(client->AsPeer(false));
    ASSERT_TRUE(gateway.Apply(now_, update).ok());
    gateway.SetLinkUp(now_, true);
  }
  void ConnectClients(ControlNode& gateway) {
    for (const auto& client : clients_) {
      now_ = now_ + absl::Milliseconds(100);
      DeviceUpdate update;
      update.private_key = client->private_key;
      update.peers.push_back(gateway.AsPeer());
      ASSERT_TRUE(client->Apply(now_, update).ok());
      client->SetLinkUp(now_, true);
      client->Stage(now_, *client->SlotOf(gateway));
      while (!client->sent.empty() || !gateway.sent.empty()) {
        for (const ControlDatagram& datagram : std::exchange(client->sent, {})) {
          gateway.Receive(now_, client->AsSource(), datagram.bytes);
        }
        for (const ControlDatagram& datagram : std::exchange(gateway.sent, {})) {
          client->Receive(now_, gateway.AsSource(), datagram.bytes);
        }
      }
      ASSERT_NE(gateway.SlotOf(*client)->current.load(), nullptr);
    }
  }
  // Runs the gateway's timers and the network, in which each datagram takes kOneWay.
  void Run(ControlNode& gateway, absl::Duration duration) {
    const Instant end = now_ + duration;
    while (now_ < end) {
      if (gateway.control->NextDeadline() <= now_) gateway.RunTimers(now_);
      for (ControlDatagram& datagram : std::exchange(gateway.sent, {})) {
        if (datagram.type() == 1) initiated_.push_back(datagram.to.remote.address);
        to_clients_.emplace(now_ + kOneWay, std::move(datagram));
      }
      while (!to_clients_.empty() && to_clients_.begin()->first <= now_) {
        const ControlDatagram datagram = to_clients_.extract(to_clients_.begin()).mapped();
        ControlNode& client = *by_address_.at(datagram.to.remote.address);
        client.Receive(now_, gateway.AsSource(), datagram.bytes);
        for (ControlDatagram& answer : std::exchange(client.sent, {})) {
          to_gateway_.emplace(now_ + kOneWay, std::pair(&client, std::move(answer)));
        }
      }
      while (!to_gateway_.empty() && to_gateway_.begin()->first <= now_) {
        const auto [client, datagram] = to_gateway_.extract(to_gateway_.begin()).mapped();
        gateway.Receive(now_, client->AsSource(), datagram.bytes);
      }
      now_ = now_ + absl::Microseconds(500);
    }
  }
  size_t Back(const ControlNode& gateway) const {
    size_t back = 0;
    for (const auto& client : clients_) {
      back += gateway.SlotOf(*client)->current.load() != nullptr ? 1 : 0;
    }
    return back;
  }

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  std::vector<std::unique_ptr<ControlNode>> clients_;
  std::map<IpAddress, ControlNode*> by_address_;
  std::multimap<Instant, ControlDatagram> to_clients_;
  std::multimap<Instant, std::pair<ControlNode*, ControlDatagram>> to_gateway_;
  std::vector<IpAddress> initiated_;  // in order
};

TEST_F(WarmRestartSimTest, AThousandClientsAreBackInTwoSeconds) {
  const ControlOptions options{.has_aes = false, .keeps_endpoints = true};
  StampChanges kept;
  crypto::PrivateKey private_key;
  {
    ControlNode gateway(1, "192.0.2.1:51820", "10.0.0.1", options);
    private_key = gateway.private_key;
    Configure(gateway);
    ConnectClients(gateway);
    kept = gateway.control->TakeStampChanges(/*all=*/true);
  }
  ASSERT_EQ(kept.alive.size(), kClients);
  now_ = now_ + absl::Seconds(5);

  ControlNode gateway(2, "192.0.2.1:51820", "10.0.0.1", options);
  gateway.private_key = private_key;
  gateway.control->RestoreStamps(now_, kept.raised);
  gateway.control->Resume(now_, gateway.WallAt(now_), kept.alive);
  Configure(gateway);
  Run(gateway, absl::Milliseconds(100));
  EXPECT_LT(initiated_.size(), 150u) << "paced";
  ASSERT_FALSE(initiated_.empty());
  EXPECT_EQ(initiated_.front(), clients_.back()->address.address) << "it was heard last";
  Run(gateway, absl::Milliseconds(1'900));
  EXPECT_EQ(Back(gateway), kClients);
  EXPECT_EQ(initiated_.size(), kClients) << "once each";
}

}  // namespace
}  // namespace ringwire
