#ifndef RINGWIRE_CORE_BASE_STATUS_MACROS_H_
#define RINGWIRE_CORE_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Early returns of errors, which the packaged abseil does not have yet. For set-up, configuration
// and system calls, never for packets.

// Returns the status of `expr`, an absl::Status, from this function unless it is OK.
#define RETURN_IF_ERROR(expr)                          \
  do {                                                 \
    absl::Status ringwire_status = (expr);             \
    if (!ringwire_status.ok()) return ringwire_status; \
  } while (false)

// Evaluates `expr`, an absl::StatusOr<T>: returns its status from this function if it is an error,
// else moves its value into `lhs`, which may be a declaration.
#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_(RINGWIRE_UNIQUE_(ringwire_status_or, __LINE__), lhs, expr)

#define ASSIGN_OR_RETURN_(result, lhs, expr)           \
  auto result = (expr);                                \
  if (!result.ok()) return std::move(result).status(); \
  lhs = *std::move(result)

#define RINGWIRE_UNIQUE_(name, line) RINGWIRE_JOIN_(name, line)
#define RINGWIRE_JOIN_(name, line) name##line

#endif  // RINGWIRE_CORE_BASE_STATUS_MACROS_H_
