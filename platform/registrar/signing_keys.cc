#include "platform/registrar/signing_keys.h"

#include <span>

#include "core/base/status_macros.h"

namespace ringwire::platform {

absl::Status SigningKeys::Replace(const enrol::KeyTable& table) {
  std::vector<std::pair<uint32_t, SigningKey>> keys;
  for (const enrol::KeyTable::Key& key : table.keys) {
    ASSIGN_OR_RETURN(SigningKey signing_key, SigningKey::FromPem(key.pem.view()));
    keys.emplace_back(key.certificate, std::move(signing_key));
  }
  keys_ = std::move(keys);
  return absl::OkStatus();
}

enrol::Signature SigningKeys::Answer(const enrol::Sign& request) const {
  enrol::Signature answer;
  answer.id = request.id;
  const std::span<const uint8_t> input(reinterpret_cast<const uint8_t*>(request.input.data()),
                                       request.input.size());
  for (const auto& [certificate, key] : keys_) {
    if (certificate != request.certificate) continue;
    const auto signature = key.SignServerHandshake(request.algorithm, input);
    if (signature.ok()) answer.bytes.assign(signature->begin(), signature->end());
  }
  return answer;
}

}  // namespace ringwire::platform
