#include "platform/observe/status_page.h"

#include <utility>

#include "platform/observe/page_document.h"
#include "platform/observe/page_json.h"

namespace ringwire::platform {
namespace {

constexpr char kJsonType[] = "application/json; charset=utf-8";

HttpResponse JsonResponse(std::string body) {
  return {.content_type = kJsonType, .body = std::move(body)};
}

}  // namespace

HttpResponse StatusPage::Document() {
  return {.content_type = "text/html; charset=utf-8",
          .fields = {{"Content-Security-Policy", std::string(kPagePolicy)},
                     {"Referrer-Policy", "no-referrer"}},
          .body = std::string(kPageDocument)};
}

void StatusPage::AddSample(absl::Time now, std::vector<InterfaceStatus> interfaces) {
  MutexLock lock(&mutex_);
  history_.Add(now, interfaces);
  interfaces_ = std::move(interfaces);
}

HttpResponse StatusPage::Summary(absl::Time now) const {
  MutexLock lock(&mutex_);
  return JsonResponse(PageSummaryJson(interfaces_, history_, now));
}

std::optional<HttpResponse> StatusPage::FreshPeers(Instant now) const {
  MutexLock lock(&mutex_);
  if (peers_.empty() || now >= peers_until_) return std::nullopt;
  return JsonResponse(peers_);
}

HttpResponse StatusPage::MakePeers(Instant now, absl::Time wall_now,
                                   std::span<const InterfaceStatus> interfaces) {
  std::string peers = PagePeersJson(interfaces, wall_now);
  MutexLock lock(&mutex_);
  peers_ = std::move(peers);
  peers_until_ = now + kPagePeersFresh;
  return JsonResponse(peers_);
}

}  // namespace ringwire::platform
