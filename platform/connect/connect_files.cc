#include "platform/connect/connect_files.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "core/base/ascii.h"
#include "core/base/status_macros.h"
#include "core/config/connect_config.h"
#include "core/device/key_text.h"
#include "core/device/secret_text.h"
#include "crypto/x25519.h"
#include "fmt/format.h"
#include "platform/base/make_folder.h"
#include "platform/base/replace_file.h"
#include "platform/config/secret_file.h"

namespace ringwire::platform {
namespace {

// One for each server, whatever case its name is typed in.
std::string FileNameOf(const EndpointName& server) {
  std::string name = server.host;
  std::ranges::transform(name, name.begin(), Lower);
  std::ranges::replace(name, '/', '_');
  return server.port == kEnrolPort ? name : fmt::format("{}_{}", name, server.port);
}

std::string_view FirstLine(std::string_view text) { return text.substr(0, text.find('\n')); }

// "KEY REST\n", zeroed when it goes.
SecretText TextOf(const crypto::Secret<32>& key, std::string_view rest) {
  SecretText text;
  std::string base64 = KeyToBase64(key.bytes());
  AppendSecret({base64, rest, "\n"}, &text.text);
  crypto::Cleanse(base64.data(), base64.size());
  return text;
}

}  // namespace

ConnectFiles::ConnectFiles(const std::string& state_folder, const EndpointName& server)
    : state_folder_(state_folder),
      folder_(state_folder + "/connect"),
      key_path_(fmt::format("{}/{}.key", folder_, FileNameOf(server))),
      session_path_(fmt::format("{}/{}.lease", folder_, FileNameOf(server))) {}

absl::Status ConnectFiles::MakeFolders() const {
  RETURN_IF_ERROR(MakeFolder(state_folder_, 0700));
  return MakeFolder(folder_, 0700);
}

absl::StatusOr<crypto::PrivateKey> ConnectFiles::LoadOrMakeKey(crypto::Random& random) const {
  absl::StatusOr<SecretText> file = ReadSecretFile(key_path_);
  crypto::PrivateKey key;
  if (file.ok()) {
    if (ParseKeyBase64(FirstLine(file->text), key.bytes())) return key;
    return absl::DataLossError(fmt::format(
        "cannot use {}: it holds no key; remove it, and the next login makes one", key_path_));
  }
  if (!absl::IsNotFound(file.status())) return file.status();
  RETURN_IF_ERROR(MakeFolders());
  key = crypto::GeneratePrivateKey(random);
  RETURN_IF_ERROR(MakeSecretFile(key_path_, TextOf(key, "").text));
  return key;
}

std::optional<ConnectFiles::Session> ConnectFiles::LoadSession() const {
  const absl::StatusOr<SecretText> file = ReadSecretFile(session_path_);
  if (!file.ok()) return std::nullopt;
  const std::string_view line = FirstLine(file->text);
  if (line.size() <= kKeyBase64Length + 1 || line[kKeyBase64Length] != ' ') return std::nullopt;
  Session session{std::string(line.substr(kKeyBase64Length + 1)), {}};
  if (!ParseKeyBase64(line.substr(0, kKeyBase64Length), session.token.bytes())) return std::nullopt;
  return session;
}

absl::Status ConnectFiles::SaveSession(const Session& session) const {
  RETURN_IF_ERROR(MakeFolders());
  return ReplaceFile(session_path_, TextOf(session.token, " " + session.user).text);
}

void ConnectFiles::RemoveSession() const { ::unlink(session_path_.c_str()); }

}  // namespace ringwire::platform
