#ifndef RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_COMMAND_H_
#define RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_COMMAND_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

// Talks to nftables through its program `nft`, in JSON: a legal interface name may be no legal name
// in nft's own language.
namespace ringwire::platform {

// Whether this host has the program at all. Starts nothing.
bool HasNft();

// Runs one transaction of this host's nft, in the network namespace of the calling thread, and
// returns its answer, without the elements of named sets. `tried` says what it does, for errors:
// "load the nft table wg0". Blocks the calling thread for at most a minute; any thread may call it.
// NotFound: there is no nft program. FailedPrecondition: it is too old.
absl::StatusOr<std::string> RunNft(const std::string& json, const std::string& tried);

// Whether an nft that prints this for `nft -V` is new enough and takes JSON. The error begins with
// the reason. Pure.
absl::Status CheckNftVersion(std::string_view printed);

// One nft program. Its version is checked before its first run only. Thread-safe.
class NftCommand {
 public:
  struct Limits {
    absl::Duration run_time = absl::Minutes(1);
    size_t answer_bytes = size_t{16} << 20;  // about 40,000 rules
  };
  using Find = std::function<std::optional<std::string>()>;

  explicit NftCommand(Find find) : NftCommand(std::move(find), Limits()) {}
  NftCommand(Find find, const Limits& limits) : find_(std::move(find)), limits_(limits) {}

  // As RunNft.
  absl::StatusOr<std::string> Run(const std::string& json, const std::string& tried);

 private:
  absl::StatusOr<std::string> CheckedPath(const std::string& tried);

  const Find find_;
  const Limits limits_;
  Mutex mutex_;
  std::string checked_path_ ABSL_GUARDED_BY(mutex_);  // empty: not checked yet
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_FIREWALL_NFT_COMMAND_H_
