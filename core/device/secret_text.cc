#include "core/device/secret_text.h"

#include <algorithm>

#include "crypto/secret.h"

namespace ringwire {

void ReserveSecret(size_t size, std::string* text) {
  if (size <= text->capacity()) return;
  std::string larger;
  larger.reserve(std::max(size, 2 * text->capacity()));
  larger = *text;
  crypto::Cleanse(text->data(), text->size());
  text->swap(larger);
}

void AppendSecret(std::initializer_list<std::string_view> parts, std::string* text) {
  size_t size = text->size();
  for (const std::string_view part : parts) size += part.size();
  ReserveSecret(size, text);
  for (const std::string_view part : parts) *text += part;
}

}  // namespace ringwire
