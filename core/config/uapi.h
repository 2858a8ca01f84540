#ifndef RINGWIRE_CORE_CONFIG_UAPI_H_
#define RINGWIRE_CORE_CONFIG_UAPI_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/limits.h"
#include "core/config/peer_reader.h"
#include "core/device/device_update.h"

// The text of the control socket, as `wg` and wgctrl programs speak it
// (https://www.wireguard.com/xplatform/).
namespace ringwire {

enum class UapiOperation : uint8_t { kGet, kSet };

// One whole request. `body` are the lines between the operation and the empty line that ends the
// request, each with its newline.
struct UapiRequest {
  UapiOperation operation = UapiOperation::kGet;
  std::string_view body;
};

// Collects the bytes of one connection and gives out whole requests; a connection may carry many.
// Requests carry keys: what was given out is zeroed when the next bytes come or Next finds nothing
// more. Thread-compatible.
class UapiRequestReader {
 public:
  explicit UapiRequestReader(size_t bytes_max = kUapiRequestBytesMax) : bytes_max_(bytes_max) {}
  ~UapiRequestReader();
  UapiRequestReader(const UapiRequestReader&) = delete;
  UapiRequestReader& operator=(const UapiRequestReader&) = delete;

  void Append(std::string_view bytes);

  // The next whole request (valid until the next call of Append or Next), nullopt while more bytes
  // are needed, or an error, after which the connection is to be closed: an operation that is
  // neither get=1 nor set=1 (kInvalidArgument), or a set of more than `bytes_max` bytes
  // (kResourceExhausted), once its end has come: a client that still writes would get SIGPIPE and
  // read no answer.
  absl::StatusOr<std::optional<UapiRequest>> Next();

 private:
  void Consume(size_t bytes);
  // Looks for the end of a request that is too long.
  void Skip(std::string_view bytes);

  const size_t bytes_max_;
  std::string buffer_;
  size_t begin_ = 0;     // of the first request not yet given out
  size_t searched_ = 0;  // no request ends before this
  bool overflowed_ = false;
  bool overflow_ended_ = false;
  char last_skipped_ = '\0';
};

// What a request is refused with.
struct UapiError {
  int error_number = 0;  // positive
  std::string reason;    // for our log; `wg` sees only the number. Never contains a secret
};

// From the name of a network interface to its index, 0 if there is none: if_nametoindex. `wg`
// writes the zone of a link-local endpoint as a name.
using ZoneIndexFunction = std::function<unsigned int(const char* interface_name)>;

// The change that the body of a set asks for. Nothing of it is taken if a single line is wrong:
// EPROTO for what is not `key=value`, EINVAL for an unknown key, a key in the wrong place or a bad
// value. A replace_allowed_ips empties what came before it in its block; lines after a `remove` are
// checked, and ignored as in every implementation.
std::variant<DeviceUpdate, UapiError> ParseSet(std::string_view body,
                                               ZoneIndexFunction zone_index = nullptr);

// The body of a set that asks for `update`, for another process of ours: besides the keys of wg it
// has `name`, `endpoint_name` and `transport_cipher`. Holds keys, which the caller zeroes.
std::string FormatSet(const DeviceUpdate& update);
// The change again. Errors as of ParseSet.
std::variant<DeviceUpdate, UapiError> ParseOwnSet(std::string_view body);

// The answer to a set, to be written at once: wgctrl reads it with a single read. `error_number` is
// 0 or positive; `wg` wants it negative here, and positive in the answer to a get.
std::string FormatSetAnswer(int error_number);
// The answer to a get that failed.
std::string FormatGetError(int error_number);

// The answer to a get, in parts, so that a slow reader of a large device holds up nobody and takes
// no memory.
// Thread-compatible.
class UapiGetWriter {
 public:
  // `more` lists the peers after those of `status`.
  explicit UapiGetWriter(DeviceStatus status, ListPeersFunction more = nullptr);

  // Appends the next lines to `chunk`, stopping after the line that makes them `about_bytes` or
  // more. False once the answer is complete. An empty `chunk` is given room for all of it first, so
  // that no allocation with keys in it is left behind; cleansing `chunk` itself is the caller's.
  bool Next(std::string* chunk, size_t about_bytes);

 private:
  enum class Stage : uint8_t { kDevice, kPeers, kComplete };

  void AppendDevice(std::string* chunk) const;

  DeviceStatus status_;  // without its peers
  PeerReader peers_;
  Stage stage_ = Stage::kDevice;
  bool in_allowed_ips_ = false;  // the lines of the peer before its allowed_ip lines were written
  size_t allowed_ip_index_ = 0;
};

}  // namespace ringwire

#endif  // RINGWIRE_CORE_CONFIG_UAPI_H_
