#include "platform/gateway/firewall/legacy_iptables.h"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <vector>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

constexpr char kTable[] = "filter";
constexpr size_t kTableBytesMax = size_t{16} << 20;  // of a firewall beyond all reason
constexpr int kVerdictDrop = -NF_DROP - 1;           // as the kernel keeps them
constexpr int kVerdictAccept = -NF_ACCEPT - 1;

// All that differs between the families.
struct V4 {
  using Entry = ipt_entry;
  using Address = ipt_ip;
  static constexpr int kFamily = AF_INET;
  static constexpr int kLevel = IPPROTO_IP;
  static constexpr int kGetInfo = IPT_SO_GET_INFO;
  static constexpr int kGetEntries = IPT_SO_GET_ENTRIES;
  static constexpr const char* kNames = "/proc/net/ip_tables_names";
  static const Address& Of(const Entry& entry) { return entry.ip; }
};
struct V6 {
  using Entry = ip6t_entry;
  using Address = ip6t_ip6;
  static constexpr int kFamily = AF_INET6;
  static constexpr int kLevel = IPPROTO_IPV6;
  static constexpr int kGetInfo = IP6T_SO_GET_INFO;
  static constexpr int kGetEntries = IP6T_SO_GET_ENTRIES;
  static constexpr const char* kNames = "/proc/net/ip6_tables_names";
  static const Address& Of(const Entry& entry) { return entry.ipv6; }
};

// The kernel loads a missing table when it is asked for.
bool HasTable(const char* names) {
  std::ifstream file(names);
  for (std::string line; std::getline(file, line);) {
    if (line == kTable) return true;
  }
  return false;
}

// The verdict of a rule that is no jump; nullopt: it is something else.
template <class Entry>
std::optional<int> VerdictOf(const uint8_t* at, const Entry& entry, size_t left) {
  xt_standard_target target;
  if (size_t{entry.target_offset} + sizeof(target) > left) return std::nullopt;
  std::memcpy(&target, at + entry.target_offset, sizeof(target));
  if (target.target.u.user.name[0] != '\0' || target.verdict >= 0) return std::nullopt;
  return target.verdict;
}

// The interface on which packets arrive, as iptables shows it; empty: any.
template <class Address>
std::string ArrivesOn(const Address& address) {
  const char* const begin = address.iniface;
  const std::string name(begin, std::find(begin, begin + sizeof(address.iniface), '\0'));
  const uint8_t* const mask = address.iniface_mask;
  const auto compared =
      static_cast<size_t>(std::find(mask, mask + sizeof(address.iniface_mask), uint8_t{0}) - mask);
  // A name is compared with the NUL behind it unless it only has to begin so.
  return name.empty() || compared > name.size() ? name : name.substr(0, compared) + "+";
}

template <class Family>
std::optional<std::vector<uint8_t>> ReadEntries(const UniqueFd& socket, const auto& info) {
  if (info.size > kTableBytesMax) return std::nullopt;
  // struct ipt_get_entries and its like of IPv6: a name, a size, and the entries.
  struct Head {
    char name[XT_TABLE_MAXNAMELEN];
    unsigned int size;
  };
  constexpr size_t kHeadBytes = offsetof(ipt_get_entries, entrytable);
  static_assert(kHeadBytes == offsetof(ip6t_get_entries, entrytable));
  static_assert(sizeof(Head) <= kHeadBytes);
  Head head{};
  std::memcpy(head.name, kTable, sizeof(kTable));
  head.size = info.size;
  std::vector<uint8_t> answer(kHeadBytes + info.size);
  std::memcpy(answer.data(), &head, sizeof(head));
  auto size = static_cast<socklen_t>(answer.size());
  if (::getsockopt(socket.get(), Family::kLevel, Family::kGetEntries, answer.data(), &size) != 0) {
    return std::nullopt;  // it may have changed meanwhile; that costs only a warning
  }
  answer.erase(answer.begin(), answer.begin() + kHeadBytes);
  return answer;
}

template <class Family>
std::optional<LegacyForward> Read() {
  using Entry = typename Family::Entry;
  if (!HasTable(Family::kNames)) return std::nullopt;
  const UniqueFd socket(::socket(Family::kFamily, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ipt_getinfo info{};
  static_assert(sizeof(ipt_getinfo) == sizeof(ip6t_getinfo));
  std::memcpy(info.name, kTable, sizeof(kTable));
  socklen_t size = sizeof(info);
  if (!socket.valid() ||
      ::getsockopt(socket.get(), Family::kLevel, Family::kGetInfo, &info, &size) != 0) {
    return std::nullopt;
  }
  const std::optional<std::vector<uint8_t>> entries = ReadEntries<Family>(socket, info);
  if (!entries.has_value()) return std::nullopt;
  LegacyForward forward;
  const typename Family::Address any{};
  for (size_t at = 0; at + sizeof(Entry) <= entries->size();) {
    Entry entry;
    std::memcpy(&entry, entries->data() + at, sizeof(entry));
    if (entry.next_offset < sizeof(entry)) break;
    const auto verdict = VerdictOf(entries->data() + at, entry, entries->size() - at);
    const std::string arrives = ArrivesOn(Family::Of(entry));
    if (verdict == kVerdictAccept && !arrives.empty()) forward.accepted.push_back(arrives);
    // The last rule is the policy.
    const bool of_forward =
        at >= info.hook_entry[NF_INET_FORWARD] && at <= info.underflow[NF_INET_FORWARD];
    const bool of_all = entry.target_offset == sizeof(entry) &&
                        std::memcmp(&Family::Of(entry), &any, sizeof(any)) == 0;
    if (of_forward && of_all && verdict == kVerdictDrop) forward.drops = true;
    at += entry.next_offset;
  }
  return forward;
}

}  // namespace

std::optional<LegacyForward> ReadLegacyForward(IpFamily family) {
  std::optional<LegacyForward> forward = family == IpFamily::kV6 ? Read<V6>() : Read<V4>();
  if (forward.has_value()) forward->family = family;
  return forward;
}

}  // namespace ringwire::platform
