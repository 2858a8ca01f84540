#include "platform/names/resolver_files.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/ascii.h"

namespace ringwire::platform {
namespace {

constexpr size_t kDomainsMax = 6;  // as resolv.conf(5)
constexpr size_t kDotsMax = 15;

// Removes the next word from `line`; empty: there is none.
std::string_view TakeWord(std::string_view* line) {
  constexpr std::string_view kSpace = " \t\r\v\f";
  line->remove_prefix(std::min(line->find_first_not_of(kSpace), line->size()));
  const std::string_view word = line->substr(0, line->find_first_of(kSpace));
  line->remove_prefix(word.size());
  return word;
}

std::string_view TakeLine(std::string_view* text) {
  const std::string_view line = text->substr(0, text->find('\n'));
  text->remove_prefix(std::min(line.size() + 1, text->size()));
  return line;
}

std::string_view WithoutEndDot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

struct SearchRules {
  std::vector<std::string_view> domains;
  size_t dots = 1;  // dots from which on a name is first queried as it is
};

void TakeOptions(std::string_view line, SearchRules* rules) {
  constexpr std::string_view kDots = "ndots:";
  for (std::string_view word = TakeWord(&line); !word.empty(); word = TakeWord(&line)) {
    if (!word.starts_with(kDots)) continue;
    size_t dots = 0;
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data() + kDots.size(), end, dots);
    if (error == std::errc() && stop == end) rules->dots = std::min(dots, kDotsMax);
  }
}

SearchRules RulesIn(std::string_view resolv_conf) {
  SearchRules rules;
  while (!resolv_conf.empty()) {
    std::string_view line = TakeLine(&resolv_conf);
    const std::string_view key = TakeWord(&line);
    if (key == "options") TakeOptions(line, &rules);
    if (key != "search" && key != "domain") continue;
    rules.domains.clear();  // the last one counts
    while (rules.domains.size() < kDomainsMax) {
      const std::string_view domain = WithoutEndDot(TakeWord(&line));
      if (domain.empty()) break;
      rules.domains.push_back(domain);
    }
  }
  return rules;
}

}  // namespace

std::vector<SocketAddress> AddressesInHosts(std::string_view hosts, std::string_view name) {
  std::vector<SocketAddress> addresses;
  name = WithoutEndDot(name);
  while (!hosts.empty()) {
    std::string_view line = TakeLine(&hosts);
    line = line.substr(0, line.find('#'));
    const std::string_view address_text = TakeWord(&line);
    bool is_named = false;
    for (std::string_view word = TakeWord(&line); !word.empty(); word = TakeWord(&line)) {
      is_named = is_named || EqualIgnoringCase(WithoutEndDot(word), name);
    }
    if (!is_named) continue;
    const std::optional<IpAddress> address = IpAddress::Parse(address_text);
    if (address.has_value()) addresses.push_back({*address, 0, 0});
  }
  return addresses;
}

std::vector<std::string> NamesToAsk(std::string_view resolv_conf, std::string_view name) {
  if (name.ends_with('.')) return {std::string(name)};
  const SearchRules rules = RulesIn(resolv_conf);
  const std::string as_it_is = std::string(name) + ".";
  std::vector<std::string> names;
  for (const std::string_view domain : rules.domains) {
    names.push_back(as_it_is + std::string(domain) + ".");
  }
  const auto dots = static_cast<size_t>(std::ranges::count(name, '.'));
  names.insert(dots >= rules.dots ? names.begin() : names.end(), as_it_is);
  return names;
}

}  // namespace ringwire::platform
