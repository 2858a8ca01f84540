#include "crypto/aead_provider.h"

#include "crypto/aead_cross_check.h"
#include "crypto/aead_runs.h"
#include "crypto/self_test.h"

namespace ringwire::crypto {
namespace {

constexpr AeadSuite kSuites[kAeadSuiteCount] = {AeadSuite::kChaCha20Poly1305,
                                                AeadSuite::kAes256Gcm};

// One wrong answer rejects both suites: such a build or CPU is not trusted.
bool Answers(AeadRuns& runs, const KnownAnswers& answers, std::string* what_failed) {
  for (const AeadSuite suite : kSuites) {
    std::string detail = "gives a wrong known answer";
    if (SelfTestAead(suite, runs, answers) && CrossCheckAead(suite, runs, &detail)) continue;
    *what_failed = std::string("its ") + AeadSuiteName(suite) + " " + detail;
    return false;
  }
  return true;
}

}  // namespace

AeadProviderChoice ChooseAeadProviders(AeadPreference preference) {
  if (preference == AeadPreference::kBoringSsl) return {};
  return ChooseAeadProviders(preference, MakeIpsecMb(), StandardAnswers());
}

AeadProviderChoice ChooseAeadProviders(AeadPreference preference, const IpsecMb& library,
                                       const KnownAnswers& answers) {
  AeadProviderChoice choice;
  if (preference == AeadPreference::kBoringSsl) return choice;
  if (library.runs == nullptr) {
    choice.reason = library.why_not;
    return choice;
  }
  choice.is_wrong = !Answers(*library.runs, answers, &choice.reason);
  if (choice.is_wrong) return choice;
  for (size_t i = 0; i < kAeadSuiteCount; ++i) {
    const bool use = preference == AeadPreference::kIpsecMb || library.is_faster[i];
    choice.providers.by_suite[i] = use ? AeadProvider::kIpsecMb : AeadProvider::kBoringSsl;
  }
  return choice;
}

}  // namespace ringwire::crypto
