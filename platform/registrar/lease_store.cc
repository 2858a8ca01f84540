#include "platform/registrar/lease_store.h"

#include <sqlite3.h>

#include <algorithm>
#include <ctime>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/status_macros.h"
#include "core/enrol/message_files.h"
#include "core/enrol/secret_bytes.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/read_file.h"

namespace ringwire::platform {
namespace {

constexpr char kSetUp[] =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=TRUNCATE;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA secure_delete=ON;"  // preshared keys are in it
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA trusted_schema=OFF;";
constexpr char kTables[] =
    "CREATE TABLE IF NOT EXISTS lease(key BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS clock(id INTEGER PRIMARY KEY, boot_id TEXT, boot_s INTEGER,"
    " unix_s INTEGER);"
    "PRAGMA user_version=1;";
constexpr int kVersion = 1;

std::string_view BytesOf(const crypto::PublicKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

absl::Status Failed(sqlite3* database, std::string_view tried) {
  const int code = sqlite3_extended_errcode(database);
  const std::string text = fmt::format("{}: {}", tried, sqlite3_errmsg(database));
  const int kind = code & 0xff;
  const bool is_damaged = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
  return is_damaged ? absl::FailedPreconditionError(text) : absl::UnavailableError(text);
}

// One prepared statement. Errors show at Step().
class Statement {
 public:
  Statement(sqlite3* database, const char* text) : database_(database) {
    sqlite3_prepare_v2(database, text, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The bytes outlive the statement.
  void Bind(int place, std::string_view blob) {
    sqlite3_bind_blob(statement_, place, blob.data(), static_cast<int>(blob.size()), SQLITE_STATIC);
  }
  void BindText(int place, std::string_view text) {
    sqlite3_bind_text(statement_, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void Bind(int place, int64_t number) { sqlite3_bind_int64(statement_, place, number); }

  // True: there is a row.
  absl::StatusOr<bool> Step(std::string_view tried) {
    const int result = statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    return Failed(database_, tried);
  }
  void Reset() { sqlite3_reset(statement_); }
  std::string_view Blob(int column) const {
    return {static_cast<const char*>(sqlite3_column_blob(statement_, column)),
            static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }
  int64_t Number(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3* const database_;
  sqlite3_stmt* statement_ = nullptr;
};

// A lease of an earlier boot in this one's time.
void Move(const LeaseClock& then, const LeaseClock& now, enrol::Lease* lease) {
  const int64_t shift =
      then.boot_id == now.boot_id ? 0 : (then.unix_s - then.boot_s) - (now.unix_s - now.boot_s);
  lease->since += shift;
  lease->expires += shift;
  lease->session_ends += shift;
  if (lease->confirm_by.has_value()) *lease->confirm_by += shift;
}

}  // namespace

LeaseClock LeaseClockNow() {
  static const std::string boot_id = [] {
    return ReadFile("/proc/sys/kernel/random/boot_id").value_or("unknown");
  }();
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  return {boot_id, BootNow().nanoseconds() / 1'000'000'000, wall.tv_sec};
}

absl::StatusOr<LeaseStore> LeaseStore::Open(const std::string& path) {
  sqlite3* opened = nullptr;
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(path.c_str(), &opened, kFlags, nullptr);
  LeaseStore store(Database(opened, [](sqlite3* database) { sqlite3_close_v2(database); }));
  if (result != SQLITE_OK) return Failed(opened, "cannot open the leases in " + path);
  RETURN_IF_ERROR(store.Run(kSetUp));
  {
    Statement version(opened, "PRAGMA user_version");
    ASSIGN_OR_RETURN(const bool has_row, version.Step("cannot read the leases in " + path));
    const int64_t found = has_row ? version.Number(0) : 0;
    if (found > kVersion) {
      return absl::FailedPreconditionError(
          fmt::format("cannot read the leases in {}: they are of a newer ringwire", path));
    }
  }
  RETURN_IF_ERROR(store.Run(kTables));
  return store;
}

absl::Status LeaseStore::Run(const char* statement) {
  const int result = sqlite3_exec(database_.get(), statement, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? absl::OkStatus()
                             : Failed(database_.get(), "cannot write the leases");
}

absl::Status LeaseStore::InTransaction(const std::function<absl::Status()>& change) {
  RETURN_IF_ERROR(Run("BEGIN IMMEDIATE"));
  absl::Status status = change();
  if (status.ok()) status = Run("COMMIT");
  // After a failed COMMIT the transaction may be open still.
  if (!status.ok() && sqlite3_get_autocommit(database_.get()) == 0) {
    Run("ROLLBACK").IgnoreError();  // the first error says more
  }
  return status;
}

absl::Status LeaseStore::PutClock(const LeaseClock& now) {
  Statement put(database_.get(), "REPLACE INTO clock(id, boot_id, boot_s, unix_s) VALUES(1,?,?,?)");
  put.BindText(1, now.boot_id);
  put.Bind(2, now.boot_s);
  put.Bind(3, now.unix_s);
  return put.Step("cannot write the leases").status();
}

absl::StatusOr<LeaseClock> LeaseStore::Clock() {
  Statement get(database_.get(), "SELECT boot_id, boot_s, unix_s FROM clock WHERE id=1");
  ASSIGN_OR_RETURN(const bool has_row, get.Step("cannot read the leases"));
  if (!has_row) return LeaseClock();
  return LeaseClock{std::string(get.Blob(0)), get.Number(1), get.Number(2)};
}

absl::StatusOr<std::vector<enrol::Lease>> LeaseStore::Load(const LeaseClock& now, uint32_t lease_s,
                                                           uint32_t session_s) {
  ASSIGN_OR_RETURN(const LeaseClock then, Clock());
  std::vector<enrol::Lease> leases;
  Statement get(database_.get(), "SELECT body FROM lease");
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, get.Step("cannot read the leases"));
    if (!has_row) return leases;
    std::optional<enrol::Lease> lease = enrol::DecodeFile<enrol::Lease>(get.Blob(0));
    if (!lease.has_value())
      return absl::FailedPreconditionError("cannot read the leases: one is damaged");
    Move(then, now, &*lease);
    lease->session_ends = std::min(lease->session_ends, now.boot_s + session_s);
    lease->expires = std::min({lease->expires, lease->session_ends, now.boot_s + lease_s});
    leases.push_back(*std::move(lease));
  }
}

absl::Status LeaseStore::Put(std::span<const enrol::Lease> leases, const LeaseClock& now) {
  return InTransaction([&] {
    Statement put(database_.get(), "REPLACE INTO lease(key, body) VALUES(?,?)");
    for (const enrol::Lease& lease : leases) {
      const enrol::SecretBytes body = enrol::EncodeFile(lease);
      put.Bind(1, BytesOf(lease.public_key));
      put.Bind(2, body.view());
      RETURN_IF_ERROR(put.Step("cannot write the leases").status());
      put.Reset();
    }
    return PutClock(now);
  });
}

absl::Status LeaseStore::Remove(std::span<const crypto::PublicKey> keys) {
  return InTransaction([&] {
    Statement remove(database_.get(), "DELETE FROM lease WHERE key=?");
    for (const crypto::PublicKey& key : keys) {
      remove.Bind(1, BytesOf(key));
      RETURN_IF_ERROR(remove.Step("cannot write the leases").status());
      remove.Reset();
    }
    return absl::OkStatus();
  });
}

}  // namespace ringwire::platform
