#ifndef RINGWIRE_CORE_DEVICE_SECRET_TEXT_H_
#define RINGWIRE_CORE_DEVICE_SECRET_TEXT_H_

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

// Text that holds keys, in a std::string whose owner zeroes it in the end (crypto::Cleanse). Only
// these functions may make it longer: a string that grows by itself frees a buffer with the keys in
// it, and the buffers of fmt keep what passes through them.
namespace ringwire {

// Makes room for `size` bytes in all; a buffer that the text leaves is zeroed.
void ReserveSecret(size_t size, std::string* text);

// Appends the parts. None of them lies in `text`.
void AppendSecret(std::initializer_list<std::string_view> parts, std::string* text);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_SECRET_TEXT_H_
