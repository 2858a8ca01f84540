#include "platform/portal/portal_process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "platform/portal/portal.h"
#include "platform/process/report_error.h"
#include "platform/sandbox/confinement.h"
#include "platform/tls/tls_context.h"

namespace ringwire::platform {
namespace {

// Each client takes a descriptor.
void AllowDescriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int RunPortal(UniqueFd channel, pid_t supervisor) {
  ::prctl(PR_SET_NAME, "rw-portal", 0, 0, 0);
  AllowDescriptors();
  PrepareTlsForSandbox();
  Portal portal(std::move(channel));
  absl::StatusOr<Confinement> confinement =
      Confinement::GiveUpRights({.role = SandboxRole::kPortal, .parent = supervisor});
  if (!confinement.ok() || !confinement->Seal().ok()) return kExitFailure;
  for (const std::string& warning : confinement->Warnings()) ReportWarning("portal: " + warning);
  return absl::IsNotFound(portal.Run()) ? kExitSuccess : kExitFailure;
}

bool IsPortalProgram(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[0]) == kPortalProgram;
}

int RunPortalProgram(int /*argc*/, char** argv) {
  const std::string_view text = argv[1];
  pid_t supervisor = 0;
  std::from_chars(text.data(), text.data() + text.size(), supervisor);
  return RunPortal(UniqueFd(kPortalChannel), supervisor);
}

}  // namespace ringwire::platform
