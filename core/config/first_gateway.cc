#include "core/config/first_gateway.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"

namespace ringwire {
namespace {

// 10.77.0.0/24 as in all documents, then 10.78.0.0/24 and so on.
constexpr uint8_t kFirstNetwork = 77;
constexpr uint8_t kLastNetwork = 254;
constexpr uint8_t kClientsLength = 24;

bool Overlap(const Prefix& one, const Prefix& other) {
  return one.IsWithin(other) || other.IsWithin(one);
}

}  // namespace

std::vector<InterfaceAddress> AddressesForFirstGateway(std::span<const Prefix> taken,
                                                       crypto::Random& random) {
  std::array<uint8_t, 4> v4 = {10, kFirstNetwork, 0, 1};
  for (uint8_t second = kFirstNetwork; second <= kLastNetwork; ++second) {
    v4[1] = second;
    const Prefix network = Prefix::Of(IpAddress::V4(v4), kClientsLength);
    const auto overlaps = [&network](const Prefix& one) { return Overlap(network, one); };
    if (std::ranges::none_of(taken, overlaps)) break;
  }
  std::array<uint8_t, 16> v6{};
  random.Fill(std::span(v6).subspan(1, 5));
  v6[0] = 0xfd;
  v6[15] = 1;
  return {{IpAddress::V4(v4), kClientsLength}, {IpAddress::V6(v6), 64}};
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
