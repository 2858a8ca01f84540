#include "tests/unit/platform/io/network_namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/base/check.h"

namespace ringwire::platform {
namespace {

// The kernel's struct in6_ifreq; its header does not go together with libc's.
struct AddressV6Request {
  in6_addr address;
  uint32_t prefix_length;
  int interface_index;
};

ifreq RequestFor(const std::string& name) {
  ifreq request{};
  CHECK(name.size() < sizeof(request.ifr_name));
  std::copy_n(name.data(), name.size(), request.ifr_name);
  return request;
}

void Call(int family, unsigned long code, void* request) {
  const UniqueFd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CHECK(fd.valid());
  CHECK(::ioctl(fd.get(), code, request) == 0);
}

void ChangeAddressV6(unsigned long code, const std::string& name, const char* address,
                     uint32_t prefix_length) {
  AddressV6Request request{{}, prefix_length, static_cast<int>(::if_nametoindex(name.c_str()))};
  CHECK(::inet_pton(AF_INET6, address, &request.address) == 1);
  Call(AF_INET6, code, &request);
}

// Whether a datagram from this address of ours to itself arrives, within ten milliseconds.
bool ReachesItself(sockaddr_in6 address) {
  const UniqueFd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  socklen_t address_bytes = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  pollfd watched{fd.get(), POLLIN, 0};
  const bool arrived = ::bind(fd.get(), name, address_bytes) == 0 &&
                       ::getsockname(fd.get(), name, &address_bytes) == 0 &&
                       ::sendto(fd.get(), "x", 1, 0, name, address_bytes) == 1 &&
                       ::poll(&watched, 1, 10) == 1;
  if (!arrived) ::poll(nullptr, 0, 1);
  return arrived;
}

}  // namespace

NetworkNamespace::NetworkNamespace()
    : original_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  CHECK(original_.valid());
  CHECK(::unshare(CLONE_NEWNET) == 0);
  SetLinkUp("lo", true);
}

NetworkNamespace::~NetworkNamespace() { CHECK(::setns(original_.get(), CLONE_NEWNET) == 0); }

std::string NetworkNamespace::Obstacle() {
  const UniqueFd original(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!original.valid()) return "no /proc";
  if (::unshare(CLONE_NEWNET) != 0) return "needs CAP_SYS_ADMIN for a network namespace";
  std::string obstacle;
  const UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!tun.valid()) obstacle = std::string("open /dev/net/tun: ") + std::strerror(errno);
  CHECK(::setns(original.get(), CLONE_NEWNET) == 0);
  return obstacle;
}

void SetLinkUp(const std::string& name, bool up) {
  ifreq request = RequestFor(name);
  Call(AF_INET, SIOCGIFFLAGS, &request);
  const int flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
  request.ifr_flags = static_cast<short>(flags);
  Call(AF_INET, SIOCSIFFLAGS, &request);
}

void SetMtu(const std::string& name, int mtu) {
  ifreq request = RequestFor(name);
  request.ifr_mtu = mtu;
  Call(AF_INET, SIOCSIFMTU, &request);
}

void DisableIpv6(const std::string& name) {
  const std::string path = "/proc/sys/net/ipv6/conf/" + name + "/disable_ipv6";
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  CHECK(fd.valid() && ::write(fd.get(), "1", 1) == 1);
}

void SetFeature(const std::string& name, const std::string& feature, bool on) {
  const auto ethtool = [&name](void* command) {
    ifreq request = RequestFor(name);
    request.ifr_data = static_cast<char*>(command);
    Call(AF_INET, SIOCETHTOOL, &request);
  };
  struct {  // an ethtool_sset_info and the one number that it ends with
    uint32_t command = ETHTOOL_GSSET_INFO;
    uint32_t reserved = 0;
    uint64_t sets = uint64_t{1} << ETH_SS_FEATURES;
    uint32_t count = 0;
  } set;
  ethtool(&set);
  std::vector<uint8_t> bytes(sizeof(ethtool_gstrings) + set.count * ETH_GSTRING_LEN);
  auto* const names = reinterpret_cast<ethtool_gstrings*>(bytes.data());
  *names = {ETHTOOL_GSTRINGS, ETH_SS_FEATURES, set.count};
  ethtool(names);
  for (uint32_t i = 0; i < names->len; ++i) {
    if (feature != reinterpret_cast<const char*>(&names->data[i * ETH_GSTRING_LEN])) continue;
    const uint32_t blocks = (names->len + 31) / 32;
    std::vector<uint32_t> request(2 + 2 * size_t{blocks});
    request[0] = ETHTOOL_SFEATURES;
    request[1] = blocks;
    request[2 + 2 * size_t{i / 32}] = uint32_t{1} << (i % 32);            // which
    request[3 + 2 * size_t{i / 32}] = on ? uint32_t{1} << (i % 32) : 0U;  // becomes what
    return ethtool(request.data());
  }
  CHECK(false);
}

int TxQueueLength(const std::string& name) {
  ifreq request = RequestFor(name);
  Call(AF_INET, SIOCGIFTXQLEN, &request);
  return request.ifr_qlen;
}

void SetAddressV4(const std::string& name, const char* address, const char* netmask) {
  for (const auto& [code, text] :
       {std::pair<unsigned long, const char*>{SIOCSIFADDR, address}, {SIOCSIFNETMASK, netmask}}) {
    ifreq request = RequestFor(name);
    sockaddr_in value{};
    value.sin_family = AF_INET;
    CHECK(::inet_pton(AF_INET, text, &value.sin_addr) == 1);
    std::memcpy(&request.ifr_addr, &value, sizeof(value));
    Call(AF_INET, code, &request);
  }
}

void AddAddressV6(const std::string& name, const char* address, uint32_t prefix_length) {
  ChangeAddressV6(SIOCSIFADDR, name, address, prefix_length);
  // The kernel takes it into use a little later, even where there is nobody to ask for duplicates.
  sockaddr_in6 own{};
  own.sin6_family = AF_INET6;
  CHECK(::inet_pton(AF_INET6, address, &own.sin6_addr) == 1);
  own.sin6_scope_id = ::if_nametoindex(name.c_str());
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (ReachesItself(own)) return;
  }
  CHECK(false);
}

void RemoveAddressV6(const std::string& name, const char* address, uint32_t prefix_length) {
  ChangeAddressV6(SIOCDIFADDR, name, address, prefix_length);
}

void DeleteLink(const std::string& name) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = RTM_DELLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_index = static_cast<int>(::if_nametoindex(name.c_str()));
  const UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  CHECK(::send(fd.get(), &request, sizeof(request), 0) == sizeof(request));
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char rest[512];
  } answer{};
  CHECK(::recv(fd.get(), &answer, sizeof(answer), 0) > 0);
  CHECK(answer.header.nlmsg_type == NLMSG_ERROR && answer.error.error == 0);
}

}  // namespace ringwire::platform
