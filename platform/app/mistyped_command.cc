#include "platform/app/mistyped_command.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "core/base/ascii.h"
#include "core/config/config_value.h"
#include "fmt/format.h"

namespace ringwire::platform {
namespace {

struct ForeignWord {
  std::string_view word;
  std::string_view instead;  // empty: ringwire has nothing like it
};

// Commands of wg, wg-quick, systemctl, docker, ip, tailscale and others that people type by habit,
// and names that ringwire keeps for commands of its own.
constexpr ForeignWord kForeignWords[] = {
    {"add", ""},
    {"addconf", "wg addconf IFNAME FILE"},
    {"attach", ""},
    {"bugreport", "ringwire show --json"},
    {"clear", ""},
    {"conf", "ringwire check CONFIG"},
    {"config", "ringwire check CONFIG"},
    {"configure", "ringwire up CONFIG"},
    {"connect", "ringwire up CONFIG"},
    {"create", "ringwire up CONFIG"},
    {"daemon", "ringwire run CONFIG"},
    {"debug", "ringwire run --log-level=debug CONFIG"},
    {"del", "ringwire down IFNAME"},
    {"delete", "ringwire down IFNAME"},
    {"destroy", "ringwire down IFNAME"},
    {"disable", "ringwire down IFNAME"},
    {"disconnect", "ringwire down IFNAME"},
    {"doctor", ""},
    {"dump", "ringwire show --json"},
    {"edit", ""},
    {"enable", "ringwire up CONFIG"},
    {"end", "ringwire down IFNAME"},
    {"events", ""},
    {"export", "ringwire strip CONFIG"},
    {"exporter", ""},
    {"get", "ringwire show"},
    {"health", "ringwire show"},
    {"import", "ringwire up CONFIG"},
    {"info", "ringwire show"},
    {"init", "ringwire genkey"},
    {"install", ""},
    {"interfaces", "ringwire show"},
    {"kill", "ringwire down IFNAME"},
    {"list", "ringwire show"},
    {"log", ""},
    {"login", "ringwire up CONFIG"},
    {"logout", "ringwire down IFNAME"},
    {"logs", ""},
    {"ls", "ringwire show"},
    {"metrics", "ringwire show --json"},
    {"monitor", "ringwire show"},
    {"netcheck", ""},
    {"peer", "ringwire show"},
    {"peers", "ringwire show"},
    {"ping", ""},
    {"pkey", "ringwire pubkey"},
    {"privkey", "ringwire genkey"},
    {"ps", "ringwire show"},
    {"quit", "ringwire down IFNAME"},
    {"remove", "ringwire down IFNAME"},
    {"restart", "ringwire down IFNAME, then ringwire up CONFIG"},
    {"revoke", ""},
    {"rm", "ringwire down IFNAME"},
    {"set", "wg set IFNAME"},
    {"setconf", "ringwire reload IFNAME"},
    {"showconf", "wg showconf IFNAME"},
    {"start", "ringwire up CONFIG"},
    {"stat", "ringwire show"},
    {"stats", "ringwire show"},
    {"status", "ringwire show"},
    {"stop", "ringwire down IFNAME"},
    {"sync", "ringwire reload IFNAME"},
    {"syncconf", "ringwire reload IFNAME"},
    {"top", "ringwire show"},
    {"uninstall", ""},
    {"update", "ringwire reload IFNAME"},
    {"upgrade", ""},
    {"usage", "ringwire --help"},
    {"user", ""},
    {"version", "ringwire --version"},
    {"watch", "ringwire show"},
    {"wg-quick", "ringwire up CONFIG"},
};

// A word that is as near to a command as a slip of the fingers leaves it. Interfaces called tun,
// lan or vt are one letter away from a short command, so a short one has to begin with the same
// letter, or to have two letters exchanged.
bool IsNearMiss(std::string_view word, std::string_view command) {
  const size_t distance = EditDistance(word, command);
  if (distance == 0) return true;
  const bool same_length = word.size() == command.size();
  if (distance == 1 && same_length &&
      std::ranges::is_permutation(word, command, {}, Lower, Lower)) {
    return true;
  }
  if (command.size() <= 2) return false;
  if (command.size() <= 4) return distance == 1 && Lower(word.front()) == Lower(command.front());
  return distance <= 2 && word.size() + 1 >= command.size() && word.size() <= command.size() + 1;
}

}  // namespace

std::string WhyNoInterface(std::string_view word, std::span<const std::string> commands) {
  if (word.find(".conf") != std::string_view::npos) {
    return fmt::format("`{}` is a configuration file; did you mean `ringwire up {}`?", word, word);
  }
  const auto* const foreign = std::ranges::find_if(
      kForeignWords, [word](const ForeignWord& one) { return EqualIgnoringCase(one.word, word); });
  if (foreign != std::end(kForeignWords)) {
    return foreign->instead.empty()
               ? fmt::format("unknown command `{}`", word)
               : fmt::format("unknown command `{}`; did you mean `{}`?", word, foreign->instead);
  }
  // A number in it says that it is an interface: wg0, tun1.
  if (word.empty() || !std::ranges::all_of(word, IsLetter)) return {};
  const std::string* nearest = nullptr;
  for (const std::string& command : commands) {
    if (!IsNearMiss(word, command)) continue;
    if (nearest == nullptr || EditDistance(word, command) < EditDistance(word, *nearest)) {
      nearest = &command;
    }
  }
  if (nearest == nullptr) return {};
  return fmt::format("unknown command `{}`; did you mean `ringwire {}`?", word, *nearest);
}

}  // namespace ringwire::platform
