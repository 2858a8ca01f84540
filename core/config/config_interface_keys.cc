#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/config/config_parser.h"
#include "core/config/number_text.h"
#include "fmt/format.h"

// The keys of [Interface], and what their values mean.
namespace ringwire::config_parser {
namespace {

// The least MTU of IPv4 (RFC 791); the greatest that a TUN device takes.
constexpr uint64_t kMtuMin = 68;
constexpr uint64_t kMtuMax = 65535;

std::optional<uint64_t> ParseNumberOrHex(std::string_view text) {
  if (text.starts_with("0x")) return ParseNumber(text.substr(2), UINT32_MAX, 16);
  return ParseNumber(text, UINT32_MAX);
}

void ReadPrivateKey(std::string_view value, Reading* reading) {
  crypto::PrivateKey key;
  if (!ReadKey(value, key.bytes(), reading)) return;
  if (!reading->config().private_key_file.empty()) {
    reading->Fail(reading->key_position(), "PrivateKey and PrivateKeyFile exclude each other");
  }
  reading->config().private_key = std::move(key);
}

void ReadPrivateKeyFile(std::string_view value, Reading* reading) {
  if (reading->config().private_key) {
    reading->Fail(reading->key_position(), "PrivateKey and PrivateKeyFile exclude each other");
  }
  ReadPath(value, &reading->config().private_key_file, reading);
  reading->config().private_key_file_position = reading->PositionOf(value);
}

void ReadListenPort(std::string_view value, Reading* reading) {
  const std::string text = WithoutSpaces(value);
  std::string why;
  if (const std::optional<uint16_t> port = ParsePort(text, 0, reading->service_port(), &why)) {
    reading->config().listen_port = *port;
  } else {
    const bool is_name = std::ranges::any_of(text, IsLetter);
    reading->Fail(value,
                  fmt::format("ListenPort must be a number from 0 to {}, not {}{}", UINT16_MAX,
                              QuotedUnlessKey(text), is_name ? Because(why) : std::string()));
  }
}

void ReadFwMark(std::string_view value, Reading* reading) {
  const std::string text = WithoutSpaces(value);
  const std::optional<uint64_t> number =
      EqualIgnoringCase(text, "off") ? 0 : ParseNumberOrHex(text);
  if (number) {
    reading->config().fwmark = static_cast<uint32_t>(*number);
  } else {
    reading->Fail(
        value, fmt::format("FwMark must be a number of 32 bits, 0x and hex digits, or off, not {}",
                           QuotedUnlessKey(text)));
  }
}

void ReadAddress(std::string_view value, Reading* reading) {
  for (const std::string_view text : Words(value)) {
    std::string why;
    const auto address = InterfaceAddress::Parse(text, &why);
    if (address && address->address.bytes == IpAddress().bytes) {
      reading->Fail(text, fmt::format("Address must be one that an interface can have, not {}",
                                      QuotedUnlessKey(text)));
    } else if (address) {
      reading->config().addresses.push_back(*address);
      reading->address_positions.push_back(reading->PositionOf(text));
    } else {
      reading->Fail(text, fmt::format("Address must be like 10.0.0.1/24 or fd00::1/64, not {}{}",
                                      QuotedUnlessKey(text), Because(why)));
    }
  }
}

void ReadMtu(std::string_view value, Reading* reading) {
  if (value.empty()) {
    reading->config().mtu.reset();
  } else if (value.starts_with('0')) {
    reading->Fail(value, fmt::format("MTU must be a number from {} to {}, not {}{}", kMtuMin,
                                     kMtuMax, QuotedUnlessKey(value), Because(kOctalForWgQuick)));
  } else if (const auto number = ReadNumber(value, kMtuMin, kMtuMax, "", reading)) {
    reading->config().mtu = static_cast<uint16_t>(*number);
  }
}

void ReadWorkers(std::string_view value, Reading* reading) {
  if (EqualIgnoringCase(value, "auto")) {
    reading->config().workers.reset();
  } else if (const auto number = ReadNumber(value, 1, kWorkersMax, " or auto", reading)) {
    reading->config().workers = static_cast<uint16_t>(*number);
  }
}

void ReadIoBackend(std::string_view value, Reading* reading) {
  if (EqualIgnoringCase(value, "auto")) {
    reading->config().io_backend = IoBackendChoice::kAuto;
  } else if (EqualIgnoringCase(value, "io_uring")) {
    reading->config().io_backend = IoBackendChoice::kIoUring;
  } else if (EqualIgnoringCase(value, "epoll")) {
    reading->config().io_backend = IoBackendChoice::kEpoll;
  } else {
    reading->Fail(value, fmt::format("IoBackend must be auto, io_uring or epoll, not {}",
                                     QuotedUnlessKey(value)));
  }
}

void ReadOffload(std::string_view value, Reading* reading) {
  const std::optional<OffloadSwitches> offloads = OffloadSwitches::Parse(value);
  if (offloads) {
    reading->config().offloads = *offloads;
  } else {
    reading->Fail(value, fmt::format("Offload must be {}; not {}", OffloadSwitches::Syntax(),
                                     QuotedUnlessKey(value)));
  }
}

void ReadSaveConfig(std::string_view value, Reading* reading) {
  const bool save = EqualIgnoringCase(value, "true");
  if (save || EqualIgnoringCase(value, "false")) {
    reading->config().save_config = save;
  } else {
    reading->Fail(value,
                  fmt::format("SaveConfig must be true or false, not {}", QuotedUnlessKey(value)));
  }
}

void ReadDns(std::string_view value, Reading* reading) {
  ReadDnsList(value, &reading->config().dns, reading);
}

void ReadTable(std::string_view value, Reading* reading) {
  const std::string text = WithoutSpaces(value);
  RouteTable& table = reading->config().table;
  if (text.empty() || EqualIgnoringCase(text, "auto")) {
    table = {};
  } else if (EqualIgnoringCase(text, "off")) {
    table = {RouteTable::Kind::kOff, 0};
  } else if (EqualIgnoringCase(text, "main")) {
    table = {RouteTable::Kind::kNumber, kMainTable};
  } else if (const auto number = ParseNumberOrHex(text); number && *number > 0) {
    table = {RouteTable::Kind::kNumber, static_cast<uint32_t>(*number)};
  } else if (const auto named = reading->table_number() == nullptr
                                    ? std::nullopt
                                    : reading->table_number()(text)) {
    table = {RouteTable::Kind::kNumber, *named};
  } else {
    reading->Fail(value,
                  fmt::format("Table must be auto, off, main, the number of a routing table or its "
                              "name in /etc/iproute2/rt_tables, not {}",
                              QuotedUnlessKey(text)));
  }
}

void ReadHook(std::string_view value, Reading* reading) {
  if (value.empty()) return;
  Hooks& hooks = reading->config().hooks;
  std::vector<std::string>& list = reading->key().name == "PreUp"     ? hooks.pre_up
                                   : reading->key().name == "PostUp"  ? hooks.post_up
                                   : reading->key().name == "PreDown" ? hooks.pre_down
                                                                      : hooks.post_down;
  list.emplace_back(value);
}

void ReadInterfaceCipher(std::string_view value, Reading* reading) {
  if (const auto cipher = ReadCipher(value, reading)) reading->config().transport_cipher = *cipher;
}

constexpr KeyRow kInterfaceKeys[] = {
    {.name = "PrivateKey", .read = &ReadPrivateKey},
    {.name = "PrivateKeyFile", .read = &ReadPrivateKeyFile, .is_free_text = true},
    {.name = "ListenPort", .read = &ReadListenPort},
    {.name = "FwMark", .read = &ReadFwMark},
    {.name = "Address", .read = &ReadAddress, .may_be_empty = true, .adds_up = true},
    {.name = "MTU", .read = &ReadMtu, .may_be_empty = true},
    {.name = "Workers", .read = &ReadWorkers},
    {.name = "IoBackend", .read = &ReadIoBackend},
    {.name = "Offload", .read = &ReadOffload},
    {.name = "TransportCipher", .read = &ReadInterfaceCipher},
    {.name = "DNS", .read = &ReadDns, .may_be_empty = true, .adds_up = true},
    {.name = "Table", .read = &ReadTable, .may_be_empty = true},
    {.name = "PreUp", .read = &ReadHook, .may_be_empty = true, .is_hook = true},
    {.name = "PostUp", .read = &ReadHook, .may_be_empty = true, .is_hook = true},
    {.name = "PreDown", .read = &ReadHook, .may_be_empty = true, .is_hook = true},
    {.name = "PostDown", .read = &ReadHook, .may_be_empty = true, .is_hook = true},
    {.name = "SaveConfig", .read = &ReadSaveConfig},
};

}  // namespace

std::span<const KeyRow> InterfaceKeys() { return kInterfaceKeys; }

}  // namespace ringwire::config_parser
