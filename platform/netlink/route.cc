#include "platform/netlink/route.h"

#include <iterator>

#include "core/config/gateway_config.h"
#include "fmt/format.h"

namespace ringwire::platform {

std::string RuleWords(const Rule& rule) {
  std::string text = fmt::format("priority {}", rule.priority);
  const auto out = std::back_inserter(text);
  if (rule.source.has_value()) fmt::format_to(out, " from {}", rule.source->ToString());
  if (rule.destination.has_value()) fmt::format_to(out, " to {}", rule.destination->ToString());
  if (rule.own_udp_port.has_value()) {
    fmt::format_to(out, " iif lo ipproto udp sport {}", *rule.own_udp_port);
  }
  if (rule.if_mark.has_value()) fmt::format_to(out, " fwmark {:#x}", *rule.if_mark);
  if (rule.unless_mark.has_value()) fmt::format_to(out, " not fwmark {:#x}", *rule.unless_mark);
  if (rule.go_to.has_value()) {
    fmt::format_to(out, " goto {}", *rule.go_to);
  } else if (rule.refuses) {
    text += " type unreachable";
  } else if (rule.table == 0) {
    text += " type nop";
  } else {
    fmt::format_to(out, " table {}",
                   rule.table == kMainTable ? "main" : fmt::format("{}", rule.table));
  }
  if (rule.suppress_prefix_length.has_value()) {
    fmt::format_to(out, " suppress_prefixlength {}", *rule.suppress_prefix_length);
  }
  return text;
}

std::string DescribeAdd(const Route& route) {
  return fmt::format("add the route {} to table {}", route.prefix.ToString(), route.table);
}

std::string DescribeRemove(const Route& route) {
  return fmt::format("remove the route {} from table {}", route.prefix.ToString(), route.table);
}

std::string DescribeAdd(const Rule& rule) { return "add the rule " + RuleWords(rule); }

std::string DescribeRemove(const Rule& rule) { return "remove the rule " + RuleWords(rule); }

}  // namespace ringwire::platform
