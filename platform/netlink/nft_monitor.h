#ifndef RINGWIRE_PLATFORM_NETLINK_NFT_MONITOR_H_
#define RINGWIRE_PLATFORM_NETLINK_NFT_MONITOR_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Reports changes of one nft table of the family inet. Thread-compatible.
class NftMonitor {
 public:
  // From this call on. Needs CAP_NET_ADMIN.
  static absl::StatusOr<NftMonitor> Open(std::string table);

  const std::string& table() const { return table_; }
  int fd() const { return socket_.get(); }  // readable: Take() has something to do

  struct Changes {
    bool touched = false;  // the table, its chains, rules or sets; not the elements of a set
    std::string by;        // in words; empty: unknown
  };
  // The changes since the last call, by anyone, this process included.
  Changes Take();

 private:
  NftMonitor(UniqueFd socket, std::string table)
      : socket_(std::move(socket)), table_(std::move(table)) {}

  UniqueFd socket_;
  std::string table_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_NETLINK_NFT_MONITOR_H_
