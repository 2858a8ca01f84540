#include "platform/registrar/registrar_process.h"

#include <sys/prctl.h>

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "platform/process/own_program.h"
#include "platform/process/report_error.h"
#include "platform/registrar/hash_pool.h"
#include "platform/registrar/lease_store.h"
#include "platform/registrar/registrar.h"
#include "platform/sandbox/confinement.h"

namespace ringwire::platform {
namespace {

constexpr char kLeaseFile[] = "/leases.db";

}  // namespace

int RunRegistrar(UniqueFd channel, pid_t supervisor, const std::string& folder) {
  ::prctl(PR_SET_NAME, "rw-registrar", 0, 0, 0);
  LeaseClockNow();  // reads the boot's id while files can be read
  absl::StatusOr<Confinement> confinement = Confinement::GiveUpRights(
      {.role = SandboxRole::kRegistrar, .parent = supervisor, .own_folder = folder});
  if (!confinement.ok()) return kExitFailure;
  auto hashes = HashPool::Start();
  if (!hashes.ok()) return kExitFailure;
  const std::string path =
      confinement->is_folder_root() ? std::string(kLeaseFile) : folder + kLeaseFile;
  Registrar registrar(RegistrarEndToSupervisor(std::move(channel)), *std::move(hashes),
                      [path] { return LeaseStore::Open(path); });
  // Sealed only now: the registrar has made its epoll descriptor, which the filter refuses.
  if (!confinement->Seal().ok()) return kExitFailure;
  for (const std::string& warning : confinement->Warnings()) {
    ReportWarning("registrar: " + warning);
  }
  registrar.Run();
  return kExitSuccess;
}

bool IsRegistrarProgram(int argc, char** argv) {
  return argc == 3 && std::string_view(argv[0]) == kRegistrarProgram;
}

int RunRegistrarProgram(int /*argc*/, char** argv) {
  const std::string_view text = argv[1];
  pid_t supervisor = 0;
  std::from_chars(text.data(), text.data() + text.size(), supervisor);
  return RunRegistrar(UniqueFd(kOwnProgramChannel), supervisor, argv[2]);
}

}  // namespace ringwire::platform
