#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/device/key_text.h"
#include "fmt/format.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/process/report_error.h"
#include "platform/supervisor/enrol_service.h"

// Requests of the admin socket to an EnrolService.
namespace ringwire::platform {
namespace {

std::string TimeText(int64_t unix_s) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(unix_s), absl::UTCTimeZone());
}

// A line for each lease, its fields apart by tabs: user, device, key, addresses, source, since,
// until, end of the session. Then one with the counters.
std::string TextOf(const enrol::LeaseTable& table) {
  std::string text;
  for (const enrol::LeaseTable::Lease& lease : table.leases) {
    std::string addresses;
    for (const IpAddress& address : lease.addresses) {
      addresses += fmt::format("{}{}", addresses.empty() ? "" : ",", address.ToString());
    }
    text +=
        fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", lease.user, lease.device,
                    KeyToBase64(lease.public_key), addresses, lease.source.ToString(),
                    TimeText(lease.since), TimeText(lease.expires), TimeText(lease.session_ends));
  }
  return text + fmt::format("logins\t{}\t{}\t{}", table.logins_granted, table.logins_refused,
                            table.logins_throttled);
}

}  // namespace

void EnrolService::Ask(enrol::Admin admin, AdminAnswer answer) {
  if (!in_use_.has_value()) return answer({false, "this interface has no [Enrol] in use"});
  admin.id = ++last_request_;
  if (!registrar_.open() || !registrar_.Send(admin).ok()) {
    return answer({false, "the registrar does not answer; try again"});
  }
  requests_.emplace(admin.id, Request{admin, std::move(answer)});
}

void EnrolService::List(AdminAnswer answer) { Ask(enrol::Admin(), std::move(answer)); }

void EnrolService::Revoke(const std::string& user, const std::optional<crypto::PublicKey>& device,
                          AdminAnswer answer) {
  enrol::Admin admin;
  admin.verb = enrol::Admin::Verb::kRevoke;
  admin.user = user;
  admin.public_key = device;
  Ask(std::move(admin), std::move(answer));
}

void EnrolService::Take(const enrol::AdminDone& done, const std::vector<UniqueFd>& descriptors) {
  const auto found = requests_.find(done.id);
  if (found == requests_.end()) return;
  const Request request = std::move(found->second);
  requests_.erase(found);
  if (request.admin.verb == enrol::Admin::Verb::kRevoke) {
    if (!done.is_known) {
      return request.answer({false, fmt::format("there is no user `{}`", request.admin.user)});
    }
    return request.answer({true, fmt::format("{} leases ended", done.ended)});
  }
  if (descriptors.size() != 1) return request.answer({false, "the registrar has no answer"});
  const auto bytes = ReadSealedMemory(descriptors.front().get());
  if (!bytes.ok()) return request.answer({false, MessageOf(bytes.status())});
  const auto table = enrol::DecodeFile<enrol::LeaseTable>(bytes->view());
  if (!table.has_value()) return request.answer({false, "the registrar's answer is damaged"});
  request.answer({true, TextOf(*table)});
}

}  // namespace ringwire::platform
