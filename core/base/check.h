#ifndef RINGWIRE_CORE_BASE_CHECK_H_
#define RINGWIRE_CORE_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>

// A failed CHECK is a bug of ours, never a property of the input: prints where, and aborts.
#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

// For checks on the packet path: compiled out of release builds.
#ifdef NDEBUG
#define DCHECK(condition) \
  do {                    \
    if (false) {          \
      (void)(condition);  \
    }                     \
  } while (false)
#else
#define DCHECK(condition) CHECK(condition)
#endif

#endif  // RINGWIRE_CORE_BASE_CHECK_H_
