#include "platform/app/qr_code.h"

#include <dlfcn.h>

#include <memory>

#include "core/base/status_macros.h"

namespace ringwire::platform {
namespace {

constexpr char kLibrary[] = "libqrencode.so.4";
constexpr int kAnyVersion = 0;
constexpr int kLowErrorCorrection = 0;  // the code is read from a screen
constexpr int kQuietZone = 2;

// The part of qrencode.h that is used.
struct Code {
  int version;
  int width;
  unsigned char* data;  // a byte a module; the lowest bit: dark
};
using Encode = Code* (*)(int size, const unsigned char* data, int version, int level);
using Free = void (*)(Code* code);

struct Library {
  Encode encode = nullptr;
  Free free = nullptr;
};

absl::StatusOr<Library> LoadLibrary() {
  static void* const handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  Library library;
  if (handle != nullptr) {
    library.encode = reinterpret_cast<Encode>(::dlsym(handle, "QRcode_encodeData"));
    library.free = reinterpret_cast<Free>(::dlsym(handle, "QRcode_free"));
  }
  if (library.encode != nullptr && library.free != nullptr) return library;
  return absl::UnavailableError(
      "cannot make a QR code: libqrencode.so.4 is missing; install the package `libqrencode4`");
}

class Modules {
 public:
  explicit Modules(const Code& code) : code_(code) {}
  int begin() const { return -kQuietZone; }
  int end() const { return code_.width + kQuietZone; }
  bool IsLight(int row, int column) const {
    const bool outside = row < 0 || column < 0 || row >= code_.width || column >= code_.width;
    return outside || (code_.data[row * code_.width + column] & 1) == 0;
  }

 private:
  const Code& code_;
};

// Two rows of modules in one of text. Light modules are painted: terminals are mostly dark.
std::string Paint(const Modules& modules) {
  std::string text;
  text.reserve(static_cast<size_t>((modules.end() + 4) * (modules.end() + 4)) * 2);
  for (int row = modules.begin(); row < modules.end(); row += 2) {
    text += "\x1b[40;37;1m";
    for (int column = modules.begin(); column < modules.end(); ++column) {
      const bool top = modules.IsLight(row, column);
      const bool bottom = row + 1 < modules.end() && modules.IsLight(row + 1, column);
      text += top && bottom ? "█" : top ? "▀" : bottom ? "▄" : " ";
    }
    text += "\x1b[0m\n";
  }
  return text;
}

}  // namespace

absl::Status CheckQrCode() { return LoadLibrary().status(); }

absl::StatusOr<std::string> QrCode(std::string_view text) {
  ASSIGN_OR_RETURN(const Library library, LoadLibrary());
  const std::unique_ptr<Code, Free> code(
      library.encode(static_cast<int>(text.size()),
                     reinterpret_cast<const unsigned char*>(text.data()), kAnyVersion,
                     kLowErrorCorrection),
      library.free);
  if (code == nullptr) return absl::OutOfRangeError("cannot make a QR code: the text is too long");
  return Paint(Modules(*code));
}

}  // namespace ringwire::platform
