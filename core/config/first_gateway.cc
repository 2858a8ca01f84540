#include "core/config/first_gateway.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"

namespace ringwire {
namespace {

constexpr uint8_t kClientsLength = 24;

bool Overlap(const Prefix& one, const Prefix& other) {
  return one.IsWithin(other) || other.IsWithin(one);
}

// 10.77.0.1 as in all documents, then the others of its kind, then those of the other two private
// ranges: a company may use all of one.
std::vector<IpAddress> Candidates() {
  std::vector<IpAddress> all;
  for (uint8_t i = 77; i < 255; ++i)
    all.push_back(IpAddress::V4(std::array<uint8_t, 4>{10, i, 0, 1}));
  for (uint8_t i = 16; i < 32; ++i)
    all.push_back(IpAddress::V4(std::array<uint8_t, 4>{172, i, 77, 1}));
  for (uint8_t i = 77; i < 255; ++i)
    all.push_back(IpAddress::V4(std::array<uint8_t, 4>{192, 168, i, 1}));
  return all;
}

}  // namespace

std::vector<InterfaceAddress> AddressesForFirstGateway(std::span<const Prefix> taken,
                                                       crypto::Random& random) {
  const std::vector<IpAddress> candidates = Candidates();
  const auto is_free = [&taken](const IpAddress& address) {
    const Prefix network = Prefix::Of(address, kClientsLength);
    return std::ranges::none_of(taken, [&](const Prefix& one) { return Overlap(network, one); });
  };
  const auto free = std::ranges::find_if(candidates, is_free);
  const IpAddress v4 = free == candidates.end() ? candidates.front() : *free;
  std::array<uint8_t, 16> v6{};
  random.Fill(std::span(v6).subspan(1, 5));
  v6[0] = 0xfd;
  v6[15] = 1;
  return {{v4, kClientsLength}, {IpAddress::V6(v6), 64}};
}

std::string FirstGatewayText(const FirstGateway& gateway) {
  std::string addresses;
  for (const InterfaceAddress& address : gateway.addresses) {
    addresses += (addresses.empty() ? "" : ", ") + address.ToString();
  }
  std::string text = fmt::format(
      "# Made by `ringwire setup`. ringwire.conf(5) explains each key.\n"
      "# `ringwire add-peer --endpoint HOST {0} NAME` adds a client.\n"
      "\n"
      "[Interface]\n"
      "PrivateKeyFile = {0}.key\n"
      "ListenPort = {1}\n"
      "Address = {2}\n",
      gateway.interface, gateway.listen_port, addresses);
  if (gateway.forwards) text += "\n[Gateway]\nForward = on\nMasquerade = auto\n";
  return text;
}

}  // namespace ringwire
