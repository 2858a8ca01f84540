#ifndef RINGWIRE_CORE_ENROL_MESSAGE_CODEC_H_
#define RINGWIRE_CORE_ENROL_MESSAGE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "core/enrol/limits.h"
#include "core/enrol/message_fields.h"
#include "core/enrol/secret_bytes.h"

// The bodies of EncodeMessage and DecodeMessage (messages.h), for the files that instantiate them
// for a set of messages.
namespace ringwire::enrol {

// The first byte is the place of the message in its set.
template <typename Set, size_t kIndex = 0>
std::optional<Set> DecodeAs(size_t index, std::string_view fields) {
  if constexpr (kIndex < std::variant_size_v<Set>) {
    if (index != kIndex) return DecodeAs<Set, kIndex + 1>(index, fields);
    std::variant_alternative_t<kIndex, Set> message;
    FieldReader reader(fields);
    reader(message);
    if (!reader.IsWhole()) return std::nullopt;
    return Set(std::in_place_index<kIndex>, std::move(message));
  }
  return std::nullopt;
}

template <typename Set>
SecretBytes EncodeMessage(const Set& message) {
  const auto kind = static_cast<uint8_t>(message.index());
  return std::visit(
      [kind](const auto& of_kind) {
        FieldWriter counter;
        counter(kind, of_kind);
        if (!counter.ok() || counter.size() > kMessageBytesMax) return SecretBytes();
        SecretBytes bytes(counter.size());
        FieldWriter writer(&bytes);
        writer(kind, of_kind);
        return bytes;
      },
      message);
}

template <typename Set>
std::optional<Set> DecodeMessage(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > kMessageBytesMax) return std::nullopt;
  return DecodeAs<Set>(static_cast<uint8_t>(bytes.front()), bytes.substr(1));
}

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_MESSAGE_CODEC_H_
