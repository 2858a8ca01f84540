#ifndef RINGWIRE_CORE_ENROL_MESSAGE_FIELDS_H_
#define RINGWIRE_CORE_ENROL_MESSAGE_FIELDS_H_

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/enrol/secret_bytes.h"
#include "core/wire/address.h"
#include "crypto/secret.h"

// How the fields of a message become bytes and come back. A message lists its fields once, in
// `Fields(self, visit)`, so that writing and reading cannot differ. There is one encoding for each
// value: bytes that another encoding would have are refused. Both ends are the same program on the
// same machine, so numbers keep its byte order.
namespace ringwire::enrol {

// A field of variable size with its maximum: bytes, or elements of a list.
template <typename Value>
struct UpTo {
  UpTo(Value& of, size_t at_most) : value(of), most(at_most) {}
  Value& value;
  size_t most;
};

// Text of printable ASCII, which may be shown and logged.
template <typename Value>
struct Label {
  Label(Value& of, size_t at_most) : value(of), most(at_most) {}
  Value& value;
  size_t most;
};

template <typename Value>
concept FixedBytes =
    requires { []<size_t N>(const std::array<uint8_t, N>&) {}(std::declval<const Value&>()); };

inline bool IsPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// Appends fields to a buffer of the final size; without one it only counts the bytes.
class FieldWriter {
 public:
  FieldWriter() = default;
  explicit FieldWriter(SecretBytes* to) : to_(to) {}
  size_t size() const { return size_; }
  // Every field was within its bounds.
  bool ok() const { return ok_; }

  template <typename... Values>
  void operator()(const Values&... values) {
    (Put(values), ...);
  }

 private:
  void PutBytes(std::string_view bytes) {
    if (to_ != nullptr) bytes.copy(to_->span().data() + size_, bytes.size());
    size_ += bytes.size();
  }
  template <typename Number>
  void PutRaw(Number number) {
    const auto bytes = std::bit_cast<std::array<char, sizeof(Number)>>(number);
    PutBytes({bytes.data(), bytes.size()});
  }
  void PutCount(size_t count, size_t most) {
    ok_ = ok_ && count <= most;
    PutRaw(static_cast<uint32_t>(count));
  }

  void Put(bool value) { PutRaw(static_cast<uint8_t>(value)); }
  template <std::integral Number>
  void Put(Number number) {
    PutRaw(number);
  }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void Put(Enum value) {
    PutRaw(static_cast<uint8_t>(value));
  }
  template <FixedBytes Bytes>
  void Put(const Bytes& bytes) {
    PutBytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  template <size_t N>
  void Put(const crypto::Secret<N>& secret) {
    PutBytes({reinterpret_cast<const char*>(secret.bytes().data()), N});
  }
  void Put(const IpAddress& address) {
    PutRaw(static_cast<uint8_t>(address.family));
    const size_t size = address.IsSet() ? static_cast<size_t>(address.Bits()) / 8 : 0;
    PutBytes({reinterpret_cast<const char*>(address.bytes.data()), size});
  }
  void Put(const Prefix& prefix) {
    Put(prefix.address);
    Put(prefix.length);
  }
  template <typename Value>
  void Put(const std::optional<Value>& value) {
    Put(value.has_value());
    if (value.has_value()) Put(*value);
  }
  void Put(UpTo<const std::string> text) {
    PutCount(text.value.size(), text.most);
    PutBytes(text.value);
  }
  void Put(UpTo<const SecretBytes> secret) {
    PutCount(secret.value.size(), secret.most);
    PutBytes(secret.value.view());
  }
  void Put(Label<const std::string> text) {
    ok_ = ok_ && IsPrintable(text.value);
    Put(UpTo(text.value, text.most));
  }
  template <typename Value>
  void Put(UpTo<const std::vector<Value>> list) {
    PutCount(list.value.size(), list.most);
    for (const Value& value : list.value) Put(value);
  }
  void Put(Label<const std::vector<std::string>> list) {
    PutCount(list.value.size(), kLabelsMax);
    for (const std::string& text : list.value) Put(Label(text, list.most));
  }
  template <typename Value>
    requires requires(const Value& value, FieldWriter& visit) { Value::Fields(value, visit); }
  void Put(const Value& value) {
    Value::Fields(value, *this);
  }

 public:
  // Elements of a list of labels, whose bound is that of each label.
  static constexpr size_t kLabelsMax = 64;

 private:
  SecretBytes* to_ = nullptr;
  size_t size_ = 0;
  bool ok_ = true;
};

// Takes fields from bytes of another process. After the first invalid one it takes nothing more.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}
  // Every field was valid, and no byte is left.
  bool IsWhole() const { return ok_ && rest_.empty(); }

  template <typename... Values>
  void operator()(Values&&... values) {
    (Take(values), ...);
  }

 private:
  std::string_view TakeBytes(size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  template <typename Number>
  Number TakeRaw() {
    std::array<char, sizeof(Number)> bytes{};
    TakeBytes(bytes.size()).copy(bytes.data(), bytes.size());
    return std::bit_cast<Number>(bytes);
  }
  size_t TakeCount(size_t most) {
    const size_t count = TakeRaw<uint32_t>();
    ok_ = ok_ && count <= most;
    return ok_ ? count : 0;
  }

  void Take(bool& value) {
    const uint8_t byte = TakeRaw<uint8_t>();
    ok_ = ok_ && byte <= 1;
    value = byte == 1;
  }
  template <std::integral Number>
  void Take(Number& number) {
    number = TakeRaw<Number>();
  }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void Take(Enum& value) {
    const uint8_t byte = TakeRaw<uint8_t>();
    ok_ = ok_ && byte <= static_cast<uint8_t>(Enum::kLast);
    if (ok_) value = static_cast<Enum>(byte);
  }
  template <FixedBytes Bytes>
  void Take(Bytes& bytes) {
    TakeBytes(bytes.size()).copy(reinterpret_cast<char*>(bytes.data()), bytes.size());
  }
  template <size_t N>
  void Take(crypto::Secret<N>& secret) {
    TakeBytes(N).copy(reinterpret_cast<char*>(secret.bytes().data()), N);
  }
  void Take(IpAddress& address) {
    const uint8_t family = TakeRaw<uint8_t>();
    address = {};
    if (family == 0) return;
    ok_ = ok_ && (family == 4 || family == 6);
    address.family = family == 4 ? IpFamily::kV4 : IpFamily::kV6;
    const size_t size = static_cast<size_t>(address.Bits()) / 8;
    TakeBytes(size).copy(reinterpret_cast<char*>(address.bytes.data()), size);
  }
  void Take(Prefix& prefix) {
    Take(prefix.address);
    Take(prefix.length);
    ok_ = ok_ && prefix.address.IsSet() && prefix.length <= prefix.address.Bits() &&
          Prefix::Of(prefix.address, prefix.length) == prefix;
  }
  template <typename Value>
  void Take(std::optional<Value>& value) {
    bool is_there = false;
    Take(is_there);
    value.reset();
    if (ok_ && is_there) Take(value.emplace());
  }
  void Take(UpTo<std::string>& text) { text.value = TakeBytes(TakeCount(text.most)); }
  void Take(UpTo<SecretBytes>& secret) {
    secret.value = SecretBytes(TakeBytes(TakeCount(secret.most)));
  }
  void Take(Label<std::string>& text) {
    text.value = TakeBytes(TakeCount(text.most));
    ok_ = ok_ && IsPrintable(text.value);
  }
  template <typename Value>
  void Take(UpTo<std::vector<Value>>& list) {
    const size_t count = TakeCount(list.most);
    list.value.clear();
    // An element has at least a byte, so a count cannot make this process reserve more than came.
    list.value.reserve(std::min(count, rest_.size()));
    for (size_t i = 0; ok_ && i < count; ++i) Take(list.value.emplace_back());
  }
  void Take(Label<std::vector<std::string>>& list) {
    const size_t count = TakeCount(FieldWriter::kLabelsMax);
    list.value.clear();
    for (size_t i = 0; ok_ && i < count; ++i) {
      Label label(list.value.emplace_back(), list.most);
      Take(label);
    }
  }
  template <typename Value>
    requires requires(Value& value, FieldReader& visit) { Value::Fields(value, visit); }
  void Take(Value& value) {
    Value::Fields(value, *this);
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace ringwire::enrol

#endif  // RINGWIRE_CORE_ENROL_MESSAGE_FIELDS_H_
