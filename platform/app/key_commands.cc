// genkey, genpsk, pubkey: as `wg` has them.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "CLI/CLI.hpp"
#include "core/config/text_encoding.h"
#include "core/device/key_text.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "platform/app/commands.h"
#include "platform/process/report_error.h"

namespace ringwire::platform {
namespace {

// Straight to the descriptor: no copy of a key stays in a stream's buffer.
int PrintKey(std::span<const uint8_t, 32> key) {
  std::string line = KeyToBase64(key) + "\n";
  const ssize_t size = ::write(STDOUT_FILENO, line.data(), line.size());
  const bool written = size == static_cast<ssize_t>(line.size());
  crypto::Cleanse(line.data(), line.size());
  if (written) return kExitSuccess;
  return ReportError(absl::ErrnoToStatus(size < 0 ? errno : EIO, "cannot write the key"));
}

void WarnIfWorldAccessible() {
  struct stat status{};
  if (::fstat(STDOUT_FILENO, &status) != 0 || !S_ISREG(status.st_mode)) return;
  if ((status.st_mode & S_IRWXO) == 0) return;
  ReportWarning(
      "writing a key to a file that everyone can access (set the umask to 077 and try again)");
}

int GenerateKey() {
  WarnIfWorldAccessible();
  crypto::SystemRandom random;
  const crypto::PrivateKey key = crypto::GeneratePrivateKey(random);
  return PrintKey(key.bytes());
}

int GeneratePresharedKey() {
  WarnIfWorldAccessible();
  crypto::SystemRandom random;
  crypto::PresharedKey key;
  random.Fill(key.bytes());
  return PrintKey(key.bytes());
}

int PublicKeyOfInput() {
  // A key, its newline, and room to notice that there is more.
  std::array<char, kKeyBase64Length + 16> input{};
  size_t size = 0;
  while (size < input.size()) {
    const ssize_t got = ::read(STDIN_FILENO, input.data() + size, input.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return ReportError(absl::ErrnoToStatus(errno, "cannot read the private key from stdin"));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  std::string_view text(input.data(), size);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  crypto::PrivateKey key;
  const bool valid = ParseKeyBase64(text, key.bytes());
  std::string fault = EncodingFaultOf(text);
  crypto::Cleanse(input.data(), input.size());
  if (!valid) {
    if (fault.empty()) fault = "expected 44 characters of base64, as `ringwire genkey` prints";
    return ReportError("cannot read the private key from stdin: not a key: " + fault);
  }
  return PrintKey(crypto::PublicFromPrivate(key));
}

}  // namespace

Command AddGenkeyCommand(CLI::App* app) {
  return {app->add_subcommand("genkey", "Print a new private key"), &GenerateKey};
}

Command AddGenpskCommand(CLI::App* app) {
  return {app->add_subcommand("genpsk", "Print a new preshared key"), &GeneratePresharedKey};
}

Command AddPubkeyCommand(CLI::App* app) {
  return {app->add_subcommand("pubkey", "Read a private key from stdin and print its public key"),
          &PublicKeyOfInput};
}

}  // namespace ringwire::platform
