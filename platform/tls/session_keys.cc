#include "platform/tls/session_keys.h"

#include <algorithm>

#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

constexpr uint8_t kPresharedKeyVersion = 1;

}  // namespace

absl::StatusOr<ChannelBinding> ChannelBindingOf(const TlsSession& session) {
  ChannelBinding binding{};
  RETURN_IF_ERROR(session.Export("EXPORTER-Channel-Binding", {}, binding));
  return binding;
}

absl::StatusOr<crypto::PresharedKey> PresharedKeyOf(const TlsSession& session,
                                                    const crypto::PublicKey& client,
                                                    const crypto::PublicKey& gateway) {
  std::array<uint8_t, 65> context{kPresharedKeyVersion};
  std::ranges::copy(client, context.begin() + 1);
  std::ranges::copy(gateway, context.begin() + 33);
  crypto::PresharedKey key;
  RETURN_IF_ERROR(session.Export("EXPERIMENTAL-ringwire-psk-v1", context, key.bytes()));
  return key;
}

}  // namespace ringwire::platform
