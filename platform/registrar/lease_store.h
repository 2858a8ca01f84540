#ifndef RINGWIRE_PLATFORM_REGISTRAR_LEASE_STORE_H_
#define RINGWIRE_PLATFORM_REGISTRAR_LEASE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/enrol/lease_book.h"
#include "crypto/secret.h"

struct sqlite3;

namespace ringwire::platform {

// The clocks of a moment, in seconds: leases live by the first, which a change of date does not
// move; the second is for a file that outlives the boot.
struct LeaseClock {
  std::string boot_id;
  int64_t boot_s = 0;
  int64_t unix_s = 0;
};
LeaseClock LeaseClockNow();

// The leases of an interface on disk (SQLite). A change is on disk when its call returns.
// Thread-compatible.
class LeaseStore {
 public:
  // Makes the file if there is none. FailedPrecondition: it is damaged or of another version.
  static absl::StatusOr<LeaseStore> Open(const std::string& path);

  // The leases of before. Times of an earlier boot are moved to this one; whatever the date did
  // meanwhile, no lease lasts longer than `lease_s` and no session longer than `session_s` from
  // now.
  absl::StatusOr<std::vector<enrol::Lease>> Load(const LeaseClock& now, uint32_t lease_s,
                                                 uint32_t session_s);
  // Writes these leases in one transaction.
  absl::Status Put(std::span<const enrol::Lease> leases, const LeaseClock& now);
  absl::Status Remove(std::span<const crypto::PublicKey> keys);

 private:
  using Database = std::unique_ptr<sqlite3, std::function<void(sqlite3*)>>;

  explicit LeaseStore(Database database) : database_(std::move(database)) {}
  absl::Status Run(const char* statement);
  absl::Status InTransaction(const std::function<absl::Status()>& change);
  absl::Status PutClock(const LeaseClock& now);
  absl::StatusOr<LeaseClock> Clock();

  Database database_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_REGISTRAR_LEASE_STORE_H_
