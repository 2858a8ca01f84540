#include "crypto/aead_provider.h"

#include "crypto/aead_cross_check.h"
#include "crypto/aead_runs.h"
#include "crypto/self_test.h"

namespace ringwire::crypto {
namespace {

constexpr AeadSuite kSuites[kAeadSuiteCount] = {AeadSuite::kChaCha20Poly1305,
                                                AeadSuite::kAes256Gcm};

bool Answers(AeadSuite suite, AeadRuns& runs, const KnownAnswers& answers,
             std::string* what_failed) {
  std::string detail = "gives a wrong known answer";
  if (SelfTestAead(suite, runs, answers) && CrossCheckAead(suite, runs, &detail)) return true;
  *what_failed = std::string("its ") + AeadSuiteName(suite) + " " + detail;
  return false;
}

// One wrong answer rejects both suites: such a build or CPU is not trusted.
void ChooseIpsecMb(bool always, const IpsecMb& library, const KnownAnswers& answers,
                   AeadProviderChoice* choice) {
  if (library.runs == nullptr) {
    choice->reason = library.why_not;
    return;
  }
  for (const AeadSuite suite : kSuites) {
    choice->is_wrong = !Answers(suite, *library.runs, answers, &choice->reason);
    if (choice->is_wrong) return;
  }
  for (size_t i = 0; i < kAeadSuiteCount; ++i) {
    const bool use = always || library.is_faster[i];
    choice->providers.by_suite[i] = use ? AeadProvider::kIpsecMb : AeadProvider::kBoringSsl;
  }
}

void ChooseInterleaved(AeadRuns* interleaved, const KnownAnswers& answers,
                       AeadProviderChoice* choice) {
  constexpr AeadSuite kSuite = AeadSuite::kChaCha20Poly1305;
  if (interleaved == nullptr) {
    choice->not_interleaved = "the CPU lacks AVX-512 F, BW or IFMA instructions";
    return;
  }
  if (!Answers(kSuite, *interleaved, answers, &choice->not_interleaved)) return;
  AeadProvider& provider = choice->providers.by_suite[static_cast<size_t>(kSuite)];
  choice->providers.short_runs = provider;
  provider = AeadProvider::kInterleaved;
}

}  // namespace

AeadProviderChoice ChooseAeadProviders(AeadPreference preference) {
  if (preference == AeadPreference::kBoringSsl) return {};
  return ChooseAeadProviders(preference, MakeIpsecMb(), MakeInterleaved(nullptr).get(),
                             StandardAnswers());
}

AeadProviderChoice ChooseAeadProviders(AeadPreference preference, const IpsecMb& library,
                                       AeadRuns* interleaved, const KnownAnswers& answers) {
  AeadProviderChoice choice;
  if (preference == AeadPreference::kBoringSsl) return choice;
  ChooseIpsecMb(preference == AeadPreference::kIpsecMb, library, answers, &choice);
  if (preference == AeadPreference::kInterleaved) ChooseInterleaved(interleaved, answers, &choice);
  return choice;
}

}  // namespace ringwire::crypto
