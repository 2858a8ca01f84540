#include "platform/gateway/nft_command.h"

#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "platform/base/unique_fd.h"

namespace ringwire::platform {
namespace {

struct FreeNft {
  void operator()(nft_ctx* context) const { ::nft_ctx_free(context); }
};

absl::Status NftError(const std::string& tried, std::string_view error) {
  return absl::InternalError(fmt::format(
      "{}: {} (does this kernel have nf_tables? `nft list ruleset` says so)", tried, error));
}

}  // namespace

absl::StatusOr<std::string> RunNft(const std::string& json, const std::string& tried,
                                   SetElements elements) {
  // Where this socket cannot be opened, libnftables ends the whole process.
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!socket.valid()) return NftError(tried, std::strerror(errno));
  const std::unique_ptr<nft_ctx, FreeNft> nft(::nft_ctx_new(NFT_CTX_DEFAULT));
  if (nft == nullptr) return absl::ResourceExhaustedError(tried + ": no memory");
  const unsigned int terse = elements == SetElements::kLeaveOut ? NFT_CTX_OUTPUT_TERSE : 0;
  ::nft_ctx_output_set_flags(nft.get(), NFT_CTX_OUTPUT_JSON | terse);
  ::nft_ctx_buffer_output(nft.get());
  ::nft_ctx_buffer_error(nft.get());
  if (::nft_run_cmd_from_buffer(nft.get(), json.c_str()) == 0) {
    return std::string(::nft_ctx_get_output_buffer(nft.get()));
  }
  std::string_view error = ::nft_ctx_get_error_buffer(nft.get());
  return NftError(tried, error.substr(0, error.find('\n')));
}

}  // namespace ringwire::platform
