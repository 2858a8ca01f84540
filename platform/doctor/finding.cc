#include "platform/doctor/finding.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "fmt/format.h"

namespace ringwire::platform {
namespace {

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kFault:
      return "fault";
  }
  return {};
}

}  // namespace

std::string FormatFindings(std::span<const Finding> findings) {
  std::string text;
  for (const Finding& one : findings) {
    fmt::format_to(std::back_inserter(text), "{:<8} {}: {}\n", NameOf(one.verdict), one.topic,
                   one.text);
    if (!one.fix.empty()) {
      fmt::format_to(std::back_inserter(text), "{:<8} fix: {}\n", "", one.fix);
    }
  }
  return text;
}

bool HasFault(std::span<const Finding> findings) {
  return std::ranges::any_of(findings,
                             [](const Finding& one) { return one.verdict == Verdict::kFault; });
}

}  // namespace ringwire::platform
