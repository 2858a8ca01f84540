#ifndef RINGWIRE_PLATFORM_SUPERVISOR_ADMIN_QUEUE_H_
#define RINGWIRE_PLATFORM_SUPERVISOR_ADMIN_QUEUE_H_

#include <cstddef>
#include <vector>

#include "platform/control/sockets/admin_requests.h"

namespace ringwire::platform {

// Requests of the admin socket that wait for their turn. Each is answered once. Thread-compatible.
class AdminQueue {
 public:
  // More than the admin socket has connections; requests of clients that are gone count as well.
  static constexpr size_t kMax = 128;

  // Answers at once if the queue is full.
  void Add(AdminVerb verb, AdminAnswer answer);
  bool Has(AdminVerb verb) const;
  void AnswerAll(AdminVerb verb, const AdminResult& result);

  // Moves all waiting reloads to the reload that begins now. True: there were some. One reload
  // serves all requests from before it reads the file.
  bool TakeReloads();
  void AnswerTakenReloads(const AdminResult& result);

 private:
  struct Request {
    AdminVerb verb;
    AdminAnswer answer;
  };
  std::vector<Request> waiting_;
  std::vector<AdminAnswer> reloading_;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_SUPERVISOR_ADMIN_QUEUE_H_
