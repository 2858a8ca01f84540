#include "platform/gateway/firewall/nft_command.h"

#include <array>
#include <charconv>

#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/process/program.h"

namespace ringwire::platform {
namespace {

// The oldest one of a distribution that has the kernel which ringwire needs.
constexpr std::array kOldest = {1, 0, 2};
constexpr std::string_view kGetNew = "install the package `nftables`, 1.0.2 or newer";
constexpr size_t kVersionBytesMax = 4096;

using Version = std::array<int, 3>;

// Of "nftables v1.0.6 (Lester Gooch #5)"; what is left out counts as 0.
std::optional<Version> ParseVersion(std::string_view printed) {
  constexpr std::string_view kBegin = "nftables v";
  if (!printed.starts_with(kBegin)) return std::nullopt;
  const char* at = printed.data() + kBegin.size();
  const char* const end = printed.data() + printed.size();
  Version version{};
  for (int& number : version) {
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) return std::nullopt;
    at = next;
    if (at == end || *at != '.') break;
    ++at;
  }
  return version;
}

std::string_view FirstLine(std::string_view text) { return text.substr(0, text.find('\n')); }

// The reason among what nft prints. It places an error in its input, which nobody sees.
std::string ReasonOf(const ProgramAnswer& answer) {
  std::string_view line = FirstLine(answer.error);
  constexpr std::string_view kPlace = "internal:0:0-0: Error: ";
  if (line.starts_with(kPlace)) line.remove_prefix(kPlace.size());
  if (line.empty() || !absl::IsAborted(answer.status)) return std::string(answer.status.message());
  return std::string(line);
}

// nft changes all or nothing by itself, so it is not interrupted; but it does not outlive the
// service that would have to undo it.
ProgramSettings Settings(std::string_view input, absl::Duration time_max) {
  ProgramSettings settings;
  settings.input = input;
  settings.time_max = time_max;
  settings.dies_with_caller = true;
  settings.ends_on_signal = false;
  return settings;
}

absl::Status Error(absl::StatusCode code, std::string_view tried, std::string_view reason,
                   std::string_view what_to_do) {
  return absl::Status(code, fmt::format("cannot {}: {}; {}", tried, reason, what_to_do));
}

std::optional<std::string> FindNft() { return FindProgram("nft"); }

}  // namespace

bool HasNft() { return FindNft().has_value(); }

absl::StatusOr<std::string> RunNft(const std::string& json, const std::string& tried) {
  static NftCommand nft(FindNft);
  return nft.Run(json, tried);
}

absl::Status CheckNftVersion(std::string_view printed) {
  const std::optional<Version> version = ParseVersion(printed);
  if (!version.has_value()) {
    return absl::FailedPreconditionError("it does not say its version, as old ones do not");
  }
  if (*version < Version(kOldest)) {
    return absl::FailedPreconditionError(fmt::format("its version {}.{}.{} is too old",
                                                     (*version)[0], (*version)[1], (*version)[2]));
  }
  // Distributions build it with JSON; somebody's own build may be without.
  const size_t json = printed.find("json:");
  if (json == std::string_view::npos ||
      FirstLine(printed.substr(json)).find("yes") == std::string_view::npos) {
    return absl::FailedPreconditionError("it was built without JSON");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> NftCommand::CheckedPath(const std::string& tried) {
  MutexLock lock(&mutex_);
  if (!checked_path_.empty()) return checked_path_;
  const std::optional<std::string> path = find_();
  if (!path.has_value()) {
    return Error(absl::StatusCode::kNotFound, tried, "this host has no `nft`", kGetNew);
  }
  const ProgramAnswer answer =
      AskProgram({*path, "-V"}, Settings({}, limits_.run_time), kVersionBytesMax);
  // An old one fails, as it does not know -V, and any one fails where it cannot speak to netfilter.
  if (!answer.status.ok()) {
    const bool failed = absl::IsAborted(answer.status);
    return Error(failed ? absl::StatusCode::kFailedPrecondition : answer.status.code(), tried,
                 fmt::format("`{} -V`: {}", *path, ReasonOf(answer)),
                 fmt::format("{}, on a kernel with nf_tables", kGetNew));
  }
  const absl::Status fits = CheckNftVersion(answer.output);
  if (!fits.ok()) {
    return Error(fits.code(), tried, fmt::format("{}: {}", *path, std::string(fits.message())),
                 kGetNew);
  }
  checked_path_ = *path;
  return checked_path_;
}

absl::StatusOr<std::string> NftCommand::Run(const std::string& json, const std::string& tried) {
  ASSIGN_OR_RETURN(const std::string path, CheckedPath(tried));
  ProgramAnswer answer = AskProgram({path, "-j", "-t", "-f", "-"}, Settings(json, limits_.run_time),
                                    limits_.answer_bytes);
  if (answer.status.ok()) return std::move(answer.output);
  return Error(absl::StatusCode::kInternal, tried, ReasonOf(answer),
               "run as root on a kernel with nf_tables (`nft list ruleset` says whether it has)");
}

}  // namespace ringwire::platform
