#include "platform/netlink/nft_monitor.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <optional>

#include "core/base/status_macros.h"
#include "platform/netlink/multicast_socket.h"

namespace ringwire::platform {
namespace {

// The attribute that names the table, in a message about a table, chain, rule or set.
constexpr int kTableAttribute = 1;
static_assert(NFTA_TABLE_NAME == kTableAttribute && NFTA_CHAIN_TABLE == kTableAttribute &&
              NFTA_RULE_TABLE == kTableAttribute && NFTA_SET_TABLE == kTableAttribute);

// The kind of an nf_tables message; nullopt: another subsystem's.
std::optional<int> KindOf(const nlmsghdr* message) {
  if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES) return std::nullopt;
  return NFNL_MSG_TYPE(message->nlmsg_type);
}

bool IsAboutRules(int kind) {
  switch (kind) {
    case NFT_MSG_NEWTABLE:
    case NFT_MSG_DELTABLE:
    case NFT_MSG_NEWCHAIN:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
    case NFT_MSG_NEWSET:
    case NFT_MSG_DELSET:
      return true;
    default:
      return false;
  }
}

template <size_t Size>
bool Parse(nlmsghdr* message, std::array<nlattr*, Size>* attributes) {
  return nlmsg_parse(message, sizeof(nfgenmsg), attributes->data(), Size - 1, nullptr) == 0;
}

bool Names(nlmsghdr* message, const std::string& table) {
  std::array<nlattr*, kTableAttribute + 1> attributes{};
  if (!Parse(message, &attributes) || attributes[kTableAttribute] == nullptr) return false;
  const auto* const family = static_cast<const nfgenmsg*>(nlmsg_data(message));
  return family->nfgen_family == NFPROTO_INET &&
         nla_strcmp(attributes[kTableAttribute], table.c_str()) == 0;
}

}  // namespace

absl::StatusOr<NftMonitor> NftMonitor::Open(std::string table) {
  ASSIGN_OR_RETURN(UniqueFd socket,
                   OpenMulticast(NETLINK_NETFILTER, uint32_t{1} << (NFNLGRP_NFTABLES - 1),
                                 "follow changes of nftables"));
  return NftMonitor(std::move(socket), std::move(table));
}

NftMonitor::Changes NftMonitor::Take() {
  Changes changes;
  bool in_transaction = false;  // touched the table; its end names the process
  const bool complete = TakeMulticast(socket_.get(), [&](nlmsghdr* message) {
    const std::optional<int> kind = KindOf(message);
    if (!kind.has_value()) return;
    if (IsAboutRules(*kind) && Names(message, table_)) {
      in_transaction = true;
      changes.touched = true;
    }
    if (*kind != NFT_MSG_NEWGEN || !in_transaction) return;
    in_transaction = false;
    std::array<nlattr*, NFTA_GEN_MAX + 1> attributes{};
    if (!Parse(message, &attributes) || attributes[NFTA_GEN_PROC_PID] == nullptr) return;
    changes.by = NameOfPort(ntohl(nla_get_u32(attributes[NFTA_GEN_PROC_PID])));
    if (attributes[NFTA_GEN_PROC_NAME] == nullptr || changes.by != NameOfPort(0)) return;
    changes.by = CleanName(nla_get_string(attributes[NFTA_GEN_PROC_NAME]));
  });
  if (!complete) changes.touched = true;
  return changes;
}

}  // namespace ringwire::platform
