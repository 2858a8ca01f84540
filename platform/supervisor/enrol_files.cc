#include "platform/supervisor/enrol_files.h"

#include <sys/stat.h>

#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/enrol/limits.h"
#include "core/enrol/users_file.h"
#include "fmt/format.h"
#include "platform/base/message_of.h"
#include "platform/config/config_source.h"
#include "platform/config/secret_file.h"
#include "platform/tls/certificate.h"
#include "platform/tls/signing_key.h"

namespace ringwire::platform {
namespace {

constexpr absl::Duration kSoon = absl::Hours(14 * 24);

absl::StatusOr<SecretText> ReadOwnFile(const std::string& path, size_t bytes_max) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::PermissionDeniedError(
        fmt::format("cannot use {}: others may read or write it; run `chmod 600 {}`", path, path));
  }
  ASSIGN_OR_RETURN(SecretText text, ReadSecretFile(path));
  if (text.text.size() <= bytes_max) return text;
  return absl::InvalidArgumentError(
      fmt::format("cannot use {}: it has more than {} bytes", path, bytes_max));
}

absl::Status ReadUsers(const std::string& path, EnrolFiles* files) {
  const absl::StatusOr<SecretText> text = ReadOwnFile(path, enrol::kFileBytesMax);
  if (absl::IsNotFound(text.status())) {
    files->warnings.push_back(
        fmt::format("there is no {} yet, so nobody can log in (`ringwire user add`)", path));
    return absl::OkStatus();
  }
  if (!text.ok()) return text.status();
  absl::StatusOr<enrol::UserTable> users = enrol::ParseUsers(text->text);
  if (!users.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("cannot use {}: {}", path, MessageOf(users.status())));
  }
  files->users = *std::move(users);
  return absl::OkStatus();
}

absl::Status CheckCertificate(const ConfigFile& config, const std::string& path,
                              EnrolFiles* files) {
  ASSIGN_OR_RETURN(const std::vector<Certificate> chain, ParseCertificates(files->chain));
  ASSIGN_OR_RETURN(const SigningKey key, SigningKey::FromPem(files->key.view()));
  const x509_st& own = *chain.front();
  if (!key.Matches(own)) {
    return absl::InvalidArgumentError(
        fmt::format("cannot use {}: CertificateKey belongs to another certificate", path));
  }
  for (const std::string& name : config.enrol->server_names) {
    if (IsFor(own, name)) continue;
    files->warnings.push_back(fmt::format("the certificate in {} is not for {}", path, name));
  }
  const absl::Time end = NotAfter(own);
  if (end < absl::Now() + kSoon) {
    files->warnings.push_back(fmt::format("the certificate in {} {} {}", path,
                                          end < absl::Now() ? "expired on" : "expires on",
                                          absl::FormatTime("%Y-%m-%d", end, absl::UTCTimeZone())));
  }
  return absl::OkStatus();
}

}  // namespace

std::string UsersPathOf(const ConfigFile& config, const std::string& config_path,
                        const std::string& interface) {
  const std::string& named = config.enrol->users;
  return PathBeside(config_path, named.empty() ? interface + ".users" : named);
}

absl::StatusOr<EnrolFiles> LoadEnrolFiles(const ConfigFile& config, const std::string& config_path,
                                          const std::string& interface) {
  EnrolFiles files;
  const EnrolConfig& enrol = *config.enrol;
  RETURN_IF_ERROR(ReadUsers(UsersPathOf(config, config_path, interface), &files));
  const std::string chain_path = PathBeside(config_path, enrol.certificate);
  ASSIGN_OR_RETURN(const SecretText chain, ReadSecretFile(chain_path));
  if (chain.text.size() > enrol::kChainBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("cannot use {}: it has more than {} bytes", chain_path, enrol::kChainBytesMax));
  }
  files.chain = chain.text;
  ASSIGN_OR_RETURN(const SecretText key, ReadOwnFile(PathBeside(config_path, enrol.certificate_key),
                                                     enrol::kPrivateKeyBytesMax));
  files.key = enrol::SecretBytes(key.text);
  RETURN_IF_ERROR(CheckCertificate(config, chain_path, &files));
  return files;
}

std::string StampOfEnrolFiles(const ConfigFile& config, const std::string& config_path,
                              const std::string& interface) {
  std::string stamp;
  for (const std::string& path : {PathBeside(config_path, config.enrol->certificate),
                                  PathBeside(config_path, config.enrol->certificate_key),
                                  UsersPathOf(config, config_path, interface)}) {
    struct stat status{};
    ::stat(path.c_str(), &status);
    stamp += fmt::format("{}.{}.{}.{} ", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                         status.st_mtim.tv_nsec);
  }
  return stamp;
}

}  // namespace ringwire::platform
