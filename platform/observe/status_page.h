#ifndef RINGWIRE_PLATFORM_OBSERVE_STATUS_PAGE_H_
#define RINGWIRE_PLATFORM_OBSERVE_STATUS_PAGE_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/instant.h"
#include "core/base/mutex.h"
#include "platform/http/http_message.h"
#include "platform/observe/metrics_text.h"
#include "platform/observe/page_history.h"

namespace ringwire::platform {

// How long a list of peers is good for every browser: many that look cost no more than one.
inline constexpr absl::Duration kPagePeersFresh = absl::Seconds(5);

// The page that the exporter serves, and what it reads. A sample every kPageSampleInterval, which
// has no peers and so costs the services little, answers every request but that for the peers.
// Thread-safe.
class StatusPage {
 public:
  static HttpResponse Document();

  // The present state of every interface, without peers.
  void AddSample(absl::Time now, std::vector<InterfaceStatus> interfaces);
  HttpResponse Summary(absl::Time now) const;

  // The peers of the last MakePeers, unless these are too old.
  std::optional<HttpResponse> FreshPeers(Instant now) const;
  HttpResponse MakePeers(Instant now, absl::Time wall_now,
                         std::span<const InterfaceStatus> interfaces);

 private:
  mutable Mutex mutex_;
  PageHistory history_ ABSL_GUARDED_BY(mutex_);
  std::vector<InterfaceStatus> interfaces_ ABSL_GUARDED_BY(mutex_);
  std::string peers_ ABSL_GUARDED_BY(mutex_);  // empty: none made yet
  Instant peers_until_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_STATUS_PAGE_H_
