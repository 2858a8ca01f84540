#include "platform/gateway/plan/namespace_dns.h"

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

constexpr std::string_view kMark = "# Made by ringwire for ";
constexpr std::string_view kMarkEnd = ", until ringwire down";

}  // namespace

NamespaceDnsPaths::NamespaceDnsPaths(std::string_view name, std::string_view parent)
    : folder(fmt::format("{}/{}", parent, name)),
      file(folder + "/resolv.conf"),
      put_aside(folder + ".resolv.conf.ringwire") {}

std::string NamespaceDnsText(std::string_view interface, const DnsSettings& dns) {
  std::string text = fmt::format("{}{}{}\n", kMark, interface, kMarkEnd);
  for (const NameServer& server : dns.servers) text += "nameserver " + server.ToString() + "\n";
  std::string search;
  for (const std::string& domain : dns.search) {
    if (!domain.starts_with('~')) search += " " + domain;
  }
  if (!search.empty()) text += "search" + search + "\n";
  return text;
}

std::string_view NamespaceDnsOwner(std::string_view first_line) {
  if (!first_line.starts_with(kMark) || !first_line.ends_with(kMarkEnd)) return {};
  first_line.remove_suffix(kMarkEnd.size());
  return first_line.substr(kMark.size());
}

}  // namespace ringwire::platform
