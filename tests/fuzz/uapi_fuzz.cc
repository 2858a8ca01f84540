#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/base/check.h"
#include "core/config/uapi.h"
#include "core/device/apply.h"
#include "core/device/update_diff.h"
#include "core/device/validate.h"
#include "tests/support/uapi_answer.h"

// Any bytes on a control connection: requests come out the same however the bytes are cut, what is
// accepted can be applied, shown by a get and set again, and the second time changes nothing.
namespace ringwire {
namespace {

constexpr size_t kRequestBytesMax = 4096;

// All requests of a connection that delivers `step` bytes at a time, joined.
std::string ReadAll(std::string_view bytes, size_t step) {
  UapiRequestReader reader(kRequestBytesMax);
  std::string all;
  while (!bytes.empty()) {
    reader.Append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (true) {
      const auto next = reader.Next();
      if (!next.ok()) return all + "error";
      if (!next->has_value()) break;
      CHECK((*next)->body.empty() || (*next)->body.back() == '\n');
      all += (*next)->operation == UapiOperation::kGet ? "get\n" : "set\n";
      all += (*next)->body;
    }
  }
  return all;
}

// What a device shows that was made by `update`.
DeviceStatus StatusOf(const DeviceUpdate& update) {
  DeviceStatus status;
  status.private_key = update.private_key;
  status.listen_port = update.listen_port.value_or(0);
  status.fwmark = update.fwmark.value_or(0);
  status.peers = Apply({}, update);
  return status;
}

// The lines of a get that a set takes.
std::string AsSet(std::string_view get) {
  std::string set = "";
  while (!get.starts_with("errno=0\n")) {
    const std::string_view line = get.substr(0, get.find('\n') + 1);
    const bool is_statistic = line.starts_with("tx_bytes=") || line.starts_with("rx_bytes=") ||
                              line.starts_with("last_handshake_time_");
    if (!is_statistic) set += line;
    get.remove_prefix(line.size());
  }
  return set;
}

void CheckRoundTrip(const DeviceUpdate& update) {
  const auto has_no_peer = [](const crypto::PublicKey&) { return false; };
  CHECK(Validate(update, {.peer_count = 0, .has_peer = has_no_peer}).ok());
  const DeviceUpdate from_nothing = Diff(DeviceStatus{}, update);
  for (const PeerUpdate& peer : from_nothing.peers) {
    CHECK(!peer.remove);
    CHECK(std::ranges::none_of(peer.allowed_ips, &AllowedIpChange::remove));
  }
  const DeviceStatus status = StatusOf(update);
  for (auto& parsed : {ParseSet(AsSet(WholeAnswer(status))), ParseOwnSet(FormatSet(update))}) {
    CHECK(std::holds_alternative<DeviceUpdate>(parsed));
    DeviceUpdate again = std::get<DeviceUpdate>(parsed);
    again.replace_peers = true;
    const DeviceUpdate rest = Diff(status, again);
    CHECK(!rest.private_key && !rest.listen_port && !rest.fwmark && rest.peers.empty());
  }
}

}  // namespace
}  // namespace ringwire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size <= kRequestBytesMax) CHECK(ReadAll(bytes, 1) == ReadAll(bytes, size));
  UapiRequestReader reader(kRequestBytesMax);
  reader.Append(bytes);
  while (true) {
    const auto next = reader.Next();
    if (!next.ok() || !next->has_value()) return 0;
    auto result = ParseSet((*next)->body);
    if (const auto* const error = std::get_if<UapiError>(&result)) {
      CHECK(error->error_number == EINVAL || error->error_number == EPROTO);
      CHECK(!error->reason.empty() && error->reason.size() < 256);
    } else {
      CheckRoundTrip(std::get<DeviceUpdate>(result));
    }
  }
}
