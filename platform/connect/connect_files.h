#ifndef RINGWIRE_PLATFORM_CONNECT_CONNECT_FILES_H_
#define RINGWIRE_PLATFORM_CONNECT_CONNECT_FILES_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/config/config_value.h"
#include "core/enrol/messages.h"
#include "crypto/random.h"
#include "crypto/secret.h"

namespace ringwire::platform {

// A client's files for one server: its private key, which never leaves this host, and the token of
// its session, so that a restart needs no password. Both are 0600, in a folder of 0700. Each call
// blocks on the disk.
class ConnectFiles {
 public:
  struct Session {
    std::string user;
    enrol::LeaseToken token;
  };

  // `state_folder`: ringwire's; they are in `connect` below it.
  ConnectFiles(const std::string& state_folder, const EndpointName& server);

  const std::string& key_path() const { return key_path_; }

  // The first call makes the key. An error if the file is no key: it is never replaced.
  absl::StatusOr<crypto::PrivateKey> LoadOrMakeKey(crypto::Random& random) const;

  // nullopt: there is none, or it cannot be read.
  std::optional<Session> LoadSession() const;
  absl::Status SaveSession(const Session& session) const;
  void RemoveSession() const;

 private:
  absl::Status MakeFolders() const;

  const std::string state_folder_;
  const std::string folder_;
  const std::string key_path_;
  const std::string session_path_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_CONNECT_CONNECT_FILES_H_
