#include "crypto/require.h"

#include <cstdio>
#include <cstdlib>

namespace ringwire::crypto {

void FailRequirement(const char* what) {
  std::fprintf(stderr, "ringwire crypto: requirement broken: %s\n", what);
  std::abort();
}

}  // namespace ringwire::crypto
