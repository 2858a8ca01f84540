#ifndef RINGWIRE_CORE_CONFIG_CONFIG_PARSER_H_
#define RINGWIRE_CORE_CONFIG_CONFIG_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/post_quantum.h"
#include "core/config/config_file.h"
#include "core/config/config_line.h"
#include "core/config/config_value.h"
#include "fmt/format.h"

// Inside of ParseConfigFile. The grammar of lines is in config_parser.cc; each key is a row of a
// table in one of config_{interface,peer,gateway,enrol,connect}_keys.cc, behind the function that
// reads its value; what no single line shows is in config_review.cc.
namespace ringwire::config_parser {

class Reading;

// A key of one section.
struct KeyRow {
  std::string_view name;
  void (*read)(std::string_view value, Reading* reading);
  bool may_be_empty = false;
  bool is_hook = false;       // a shell command: its '#' starts no comment
  bool is_free_text = false;  // no character of it is taken for a slip of an editor
  bool adds_up = false;       // several lines are one list; else the last line counts
};

std::span<const KeyRow> InterfaceKeys();
std::span<const KeyRow> PeerKeys();
std::span<const KeyRow> GatewayKeys();
std::span<const KeyRow> EnrolKeys();
std::span<const KeyRow> ConnectKeys();

// What was read so far, where the reader is, and what is wrong.
class Reading {
 public:
  Reading(ServicePort port_of_service, TableNumber number_of_table)
      : service_port_(port_of_service), table_number_(number_of_table) {}

  // The line that is read from now on.
  void StartLine(std::string_view line) {
    ++line_number_;
    line_start_ = line.data();
  }
  // The row of the setting in this line; `at` is its statement.
  void StartSetting(const KeyRow& row, ConfigSection section, std::string_view at);
  const KeyRow& key() const { return *key_; }
  FilePosition key_position() const { return key_position_; }
  void StartPeer() { key_positions_of_peer_.clear(); }
  // Of the last line of a key in [Interface] or [Gateway]; the file's first without one.
  FilePosition PositionOfKey(std::string_view name) const;
  // The same in [Enrol]; without such a line, that of the section.
  FilePosition PositionOfEnrolKey(std::string_view name) const;

  // `at` is a part of the current line.
  FilePosition PositionOf(std::string_view at) const {
    return {line_number_, static_cast<uint32_t>(at.data() - line_start_) + 1};
  }
  void Fail(std::string_view at, std::string message) { Fail(PositionOf(at), std::move(message)); }
  void Fail(FilePosition position, std::string message) {
    errors_.Add(position, std::move(message));
  }
  void Warn(FilePosition position, std::string message) {
    warnings_.Add(position, std::move(message));
  }
  bool failed() const { return !errors_.list.empty(); }

  ConfigFile& config() { return config_; }
  const ConfigFile& config() const { return config_; }
  EnrolConfig& enrol() { return *config_.enrol; }
  ConnectConfig& connect() { return *config_.connect; }
  PeerConfig& peer() { return config_.peers.back(); }
  ServicePort service_port() const { return service_port_; }
  TableNumber table_number() const { return table_number_; }

  ConfigParse Finish();

  // What the readers leave for the review.
  bool peer_has_public_key = false;
  std::optional<bool> forward;                       // as the file says
  std::vector<FilePosition> address_positions;       // one for each address
  std::vector<FilePosition> port_forward_positions;  // likewise
  FilePosition enrol_position;                       // of the first [Enrol]
  FilePosition connect_position;                     // of the first [Connect]

 private:
  struct Messages {
    std::vector<ConfigError> list;
    size_t not_listed = 0;
    FilePosition first_not_listed;

    void Add(FilePosition position, std::string message);
    std::vector<ConfigError> Take(std::string_view kind);
  };

  const ServicePort service_port_;
  const TableNumber table_number_;
  ConfigFile config_;
  Messages errors_;
  Messages warnings_;
  uint32_t line_number_ = 0;
  const char* line_start_ = nullptr;
  const KeyRow* key_ = nullptr;
  FilePosition key_position_;
  using KeyPositions = absl::flat_hash_map<std::string_view, FilePosition>;
  KeyPositions& PositionsIn(ConfigSection section) {
    if (section == ConfigSection::kPeer) return key_positions_of_peer_;
    if (section == ConfigSection::kConnect) return connect_key_positions_;
    return section == ConfigSection::kEnrol ? enrol_key_positions_ : key_positions_;
  }
  KeyPositions key_positions_;          // of [Interface] and [Gateway], which share no key
  KeyPositions key_positions_of_peer_;  // the last one
  KeyPositions enrol_key_positions_;
  KeyPositions connect_key_positions_;
};

// Values that several keys have. Each fails by itself, in the name of the key.
bool ReadKey(std::string_view value, std::span<uint8_t, 32> key, Reading* reading);
std::optional<uint64_t> ReadNumber(std::string_view value, uint64_t least, uint64_t greatest,
                                   std::string_view other_words, Reading* reading);
void ReadPath(std::string_view value, std::string* path, Reading* reading);
std::optional<bool> ReadSwitch(std::string_view value, Reading* reading);
// As wg-quick: what is no address is a domain to search in.
void ReadDnsList(std::string_view value, DnsSettings* dns, Reading* reading);
// Whether the list has fewer than `most` elements; else it is an error.
template <typename Element>
bool HasRoom(const std::vector<Element>& list, size_t most, std::string_view at, Reading* reading) {
  if (list.size() < most) return true;
  reading->Fail(at, fmt::format("{} has more than {} values", reading->key().name, most));
  return false;
}

// Appends networks to a list of at most `most`, each once.
void ReadPrefixes(std::string_view value, size_t most, std::vector<Prefix>* list, Reading* reading);
void ReadPostQuantum(std::string_view value, PostQuantum* wanted, Reading* reading);
std::optional<TransportCipher> ReadCipher(std::string_view value, Reading* reading);

void ReadPortForward(std::string_view value, Reading* reading);  // config_port_forward.cc

// Pairs of keys that exclude or need each other, values that can hardly be meant, and peers against
// each other. Sets what follows from several keys.
void Review(Reading* reading);
void ReviewGateway(Reading* reading);       // config_review_gateway.cc
void ReviewBridgeKeys(Reading* reading);    // likewise: errors
void ReviewPeers(Reading* reading);         // config_review_peers.cc
void ReviewEnrol(Reading* reading);         // config_review_enrol.cc
void ReviewEnrolDoubts(Reading* reading);   // likewise
void ReviewConnect(Reading* reading);       // config_review_connect.cc
void ReviewPortForwards(Reading* reading);  // config_port_forward.cc
void ReviewReturnPath(Reading* reading);    // likewise

bool IsLoopback(const IpAddress& address);
// Also broadcast and reserved addresses of IPv4: no host has one.
bool IsMulticast(const IpAddress& address);
// AllowedIPs of all peers.
std::vector<Prefix> AllPrefixes(const ConfigFile& config);
// Whether they are all addresses of a family: some write 0.0.0.0/1, 128.0.0.0/1 for 0.0.0.0/0.
bool AreWhole(const std::vector<Prefix>& prefixes, IpFamily family);

// Whether a hook that runs at the start says one of these words, and so may bring what the file
// lacks.
bool HooksSay(const Hooks& hooks, std::initializer_list<std::string_view> words);

}  // namespace ringwire::config_parser

#endif  // RINGWIRE_CORE_CONFIG_CONFIG_PARSER_H_
