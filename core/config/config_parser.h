#ifndef RINGWIRE_CORE_CONFIG_CONFIG_PARSER_H_
#define RINGWIRE_CORE_CONFIG_CONFIG_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/config_file.h"
#include "core/config/config_value.h"

// Inside of ParseConfigFile: the grammar is in config_parser.cc, the values of the keys in
// config_keys.cc.
namespace ringwire::config_parser {

enum class Section : uint8_t { kNone, kUnknown, kInterface, kPeer, kGateway };

class Parser {
 public:
  Parser(ServicePort lookup, TableNumber tables) : lookup_(lookup), tables_(tables) {}
  ConfigParse Parse(std::string_view text);

 private:
  using Reader = void (Parser::*)(std::string_view value);
  struct KnownKey {
    std::string_view name;
    Section section;
    Reader read;
    bool may_be_empty = false;
    bool is_hook = false;  // a shell command: its '#' starts no comment
  };
  static const KnownKey kKnownKeys[];

  void ParseLine(std::string_view line);
  void StartSection(std::string_view header);
  void EndPeer();
  void EndGateway();
  void CheckRouteFrom();  // against keys that may come later
  void CheckPortForwards();
  void CheckReturnPath();
  void ReportUnknownKey(std::string_view at, std::string_view key, bool has_value);
  const KnownKey* FindKey(std::string_view key, Section section) const;

  void ReadPrivateKey(std::string_view value);
  void ReadPrivateKeyFile(std::string_view value);
  void ReadListenPort(std::string_view value);
  void ReadFwMark(std::string_view value);
  void ReadAddress(std::string_view value);
  void ReadMtu(std::string_view value);
  void ReadWorkers(std::string_view value);
  void ReadIoBackend(std::string_view value);
  void ReadOffload(std::string_view value);
  void ReadTransportCipher(std::string_view value);
  void ReadNamespace(std::string_view value);
  void ReadSaveConfig(std::string_view value);
  void ReadDns(std::string_view value);
  void ReadTable(std::string_view value);
  void ReadHook(std::string_view value);
  void ReadForward(std::string_view value);
  void ReadMasquerade(std::string_view value);
  void ReadRouteFrom(std::string_view value);
  void ReadKillSwitch(std::string_view value);
  void ReadPortForward(std::string_view value);
  void ReadReturnPath(std::string_view value);
  void ReadPublicKey(std::string_view value);
  void ReadPresharedKey(std::string_view value);
  void ReadPresharedKeyFile(std::string_view value);
  void ReadAllowedIps(std::string_view value);
  void ReadEndpoint(std::string_view value);
  void ReadPersistentKeepalive(std::string_view value);
  void ReadName(std::string_view value);

  bool ReadKey(std::string_view value, std::span<uint8_t, 32> key);
  std::optional<uint64_t> ReadNumber(std::string_view value, uint64_t least, uint64_t greatest,
                                     std::string_view other_words);
  void ReadPath(std::string_view value, std::string* path);
  std::optional<bool> ReadSwitch(std::string_view value);
  std::optional<PortRange> ReadPorts(std::string_view text);
  bool ReadPublicPorts(std::string_view text, PortForward* forward);
  bool ReadTarget(std::string_view text, PortForward* forward);
  void AddPortForward(std::string_view at, const PortForward& forward);

  // `at` is a part of the current line.
  FilePosition PositionOf(std::string_view at) const {
    return {line_number_, static_cast<uint32_t>(at.data() - line_start_) + 1};
  }
  void Fail(std::string_view at, std::string message) { Fail(PositionOf(at), std::move(message)); }
  void Fail(FilePosition position, std::string message);
  void Warn(FilePosition position, std::string message) {
    result_.warnings.push_back({position, std::move(message)});
  }
  PeerConfig& peer() { return result_.config.peers.back(); }

  const ServicePort lookup_;
  const TableNumber tables_;
  ConfigParse result_;
  size_t errors_not_listed_ = 0;
  FilePosition first_not_listed_;
  uint32_t line_number_ = 0;
  const char* line_start_ = nullptr;
  Section section_ = Section::kNone;
  bool peer_has_public_key_ = false;
  const KnownKey* key_ = nullptr;  // of the line that is read
  FilePosition key_position_;
  std::optional<bool> forward_;  // as the file says
  FilePosition forward_position_;
  FilePosition route_from_position_;
  std::vector<FilePosition> port_forward_positions_;  // one for each
  FilePosition return_path_position_;
};

}  // namespace ringwire::config_parser

#endif  // RINGWIRE_CORE_CONFIG_CONFIG_PARSER_H_
