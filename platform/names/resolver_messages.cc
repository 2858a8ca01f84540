#include "platform/names/resolver_messages.h"

#include <algorithm>

#include "absl/status/status.h"
#include "core/base/ascii.h"

namespace ringwire::platform {

std::optional<ResolverQuestion> MakeQuestion(uint32_t id, std::string_view name, size_t servers) {
  if (name.empty() || name.size() > kNameBytesMax) return std::nullopt;
  ResolverQuestion question;
  question.id = id;
  question.servers = static_cast<uint8_t>(std::min(servers, kServersMax));
  question.name_bytes = static_cast<uint8_t>(name.size());
  name.copy(question.name.data(), name.size());
  return question;
}

ResolverAnswer MakeAnswer(uint32_t id, const absl::StatusOr<std::vector<SocketAddress>>& found) {
  ResolverAnswer answer;
  answer.id = id;
  if (!found.ok()) {
    const absl::string_view why = found.status().message();
    std::copy_n(why.data(), std::min(why.size(), answer.error.size()), answer.error.data());
    return answer;
  }
  for (const SocketAddress& one : *found) {
    if (answer.addresses == kAnswerAddressesMax) break;
    ResolverAnswer::Address& to = answer.address[answer.addresses++];
    to.is_v6 = one.address.family == IpFamily::kV6 ? 1 : 0;
    std::copy_n(one.address.bytes.begin(), to.bytes.size(), to.bytes.begin());
  }
  return answer;
}

absl::StatusOr<std::vector<SocketAddress>> AddressesOf(const ResolverAnswer& answer) {
  std::vector<SocketAddress> addresses;
  for (size_t i = 0; i < std::min<size_t>(answer.addresses, kAnswerAddressesMax); ++i) {
    const ResolverAnswer::Address& from = answer.address[i];
    const std::span<const uint8_t, 16> bytes(from.bytes);
    SocketAddress& to = addresses.emplace_back();
    to.address = from.is_v6 != 0 ? IpAddress::V6(bytes) : IpAddress::V4(bytes.first<4>());
  }
  if (!addresses.empty()) return addresses;
  std::string why(answer.error.begin(), std::ranges::find(answer.error, '\0'));
  std::ranges::replace_if(why, [](char c) { return IsControl(c) || c < 0; }, '?');
  return absl::NotFoundError(why.empty() ? "no IPv4 or IPv6 address" : why);
}

}  // namespace ringwire::platform
