#ifndef RINGWIRE_CORE_DEVICE_SECRET_TEXT_H_
#define RINGWIRE_CORE_DEVICE_SECRET_TEXT_H_

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

// Text with keys, in a std::string that its owner finally zeroes (crypto::Cleanse). Only these
// functions may extend it: a string that grows by itself frees a buffer with keys, and fmt's
// buffers keep their contents.
namespace ringwire {

// Makes room for `size` bytes in total; zeroes the buffer that the text leaves.
void ReserveSecret(size_t size, std::string* text);

// Appends the parts. None of them lies in `text`.
void AppendSecret(std::initializer_list<std::string_view> parts, std::string* text);

}  // namespace ringwire

#endif  // RINGWIRE_CORE_DEVICE_SECRET_TEXT_H_
