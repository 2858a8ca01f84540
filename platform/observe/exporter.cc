#include "platform/observe/exporter.h"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/clock.h"
#include "platform/base/event_fd.h"
#include "platform/base/start_thread.h"
#include "platform/observe/health.h"
#include "platform/observe/http_server.h"
#include "platform/observe/status_page.h"

namespace ringwire::platform {
namespace {

constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

bool IsReadable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, 0) > 0;
}

// Ready: there is an interface, and each one is.
HttpResponse Readiness(const std::vector<InterfaceStatus>& interfaces) {
  HttpResponse response;
  bool ready = !interfaces.empty();
  if (!ready) response.body = "no interface is up\n";
  for (const InterfaceStatus& one : interfaces) {
    const Health health = one.report.has_value()
                              ? HealthOf(*one.report, absl::Now())
                              : Health{false, one.name + ": its service does not answer"};
    ready = ready && health.ready;
    response.body += health.line + "\n";
  }
  if (!ready) response.status = 503;
  return response;
}

}  // namespace

class Exporter::Impl {
 public:
  Impl(UniqueFd listener, int stop_fd, ExporterOptions options)
      : options_(std::move(options)),
        stop_fd_(stop_fd),
        server_(std::move(listener), [this](uint64_t connection, const HttpRequest& request) {
          Serve(connection, request);
        }) {}
  ~Impl() {
    stops_.Raise();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start() {
    for (const int fd : {collected_.get(), stop_fd_}) {
      epoll_event event{};
      event.events = EPOLLIN;
      if (::epoll_ctl(news_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return absl::ErrnoToStatus(errno, "watch for the end");
      }
    }
    absl::StatusOr<std::thread> thread = StartThread([this] { CollectUntilStopped(); });
    if (!thread.ok()) return thread.status();
    thread_ = *std::move(thread);
    return absl::OkStatus();
  }
  absl::Status Run();

 private:
  enum class Wish : uint8_t { kMetrics, kReadiness, kPeers };
  struct Waiting {
    uint64_t connection = 0;
    Wish wish = Wish::kReadiness;
  };

  void Serve(uint64_t connection, const HttpRequest& request);
  // False: no path of the page.
  bool ServePage(uint64_t connection, std::string_view path);
  void Wait(uint64_t connection, Wish wish) {
    waiting_.push_back({connection, wish});
    wanted_.Raise();
  }
  void AnswerAll();
  HttpResponse Answer(Wish wish, const std::vector<InterfaceStatus>& interfaces);
  bool has_page() const { return options_.collect_summaries != nullptr; }
  void CollectUntilStopped();
  // Samples the page's interfaces if it is time; returns when to do it next, in ms from now, -1:
  // never.
  int SampleIfDue();

  const ExporterOptions options_;
  const int stop_fd_;
  const UniqueFd news_{::epoll_create1(EPOLL_CLOEXEC)};  // a collection has ended, or all is to end
  HttpServer server_;
  std::vector<Waiting> waiting_;  // for the collection under way
  EventFd wanted_;                // a collection
  EventFd collected_;
  EventFd stops_;
  Mutex mutex_;
  std::vector<InterfaceStatus> result_ ABSL_GUARDED_BY(mutex_);
  StatusPage page_;
  Instant next_sample_;  // of the collecting thread alone
  std::thread thread_;
};

absl::Status Exporter::Impl::Run() {
  while (!IsReadable(stop_fd_)) {
    RETURN_IF_ERROR(server_.RunUntil(news_.get()));
    if (IsReadable(collected_.get())) AnswerAll();
  }
  return absl::OkStatus();
}

void Exporter::Impl::Serve(uint64_t connection, const HttpRequest& request) {
  if (request.path() == "/healthz") {
    server_.Respond(connection, {.body = "ok\n"});
  } else if (request.path() == "/metrics") {
    Wait(connection, Wish::kMetrics);
  } else if (request.path() == "/readyz") {
    Wait(connection, Wish::kReadiness);
  } else if (!has_page() || !ServePage(connection, request.path())) {
    server_.Respond(connection, {.status = 404, .body = "see /metrics, /healthz and /readyz\n"});
  }
}

bool Exporter::Impl::ServePage(uint64_t connection, std::string_view path) {
  if (path == "/") {
    server_.Respond(connection, StatusPage::Document());
  } else if (path == "/page/summary") {
    server_.Respond(connection, page_.Summary(absl::Now()));
  } else if (path != "/page/peers") {
    return false;
  } else if (const auto fresh = page_.FreshPeers(BootNow())) {
    server_.Respond(connection, *fresh);
  } else {
    Wait(connection, Wish::kPeers);
  }
  return true;
}

HttpResponse Exporter::Impl::Answer(Wish wish, const std::vector<InterfaceStatus>& interfaces) {
  switch (wish) {
    case Wish::kMetrics:
      return {.content_type = kMetricsType,
              .body = FormatMetrics(interfaces, options_.version, absl::Now(), options_.metrics)};
    case Wish::kReadiness:
      return Readiness(interfaces);
    case Wish::kPeers:
      return page_.MakePeers(BootNow(), absl::Now(), interfaces);
  }
  return {};
}

void Exporter::Impl::AnswerAll() {
  collected_.Clear();
  std::vector<InterfaceStatus> interfaces;
  {
    MutexLock lock(&mutex_);
    interfaces = std::move(result_);
  }
  std::map<Wish, HttpResponse> answers;  // each is made once
  for (const Waiting& one : std::exchange(waiting_, {})) {
    auto found = answers.find(one.wish);
    if (found == answers.end()) {
      found = answers.emplace(one.wish, Answer(one.wish, interfaces)).first;
    }
    server_.Respond(one.connection, found->second);
  }
}

int Exporter::Impl::SampleIfDue() {
  if (!has_page()) return -1;
  if (BootNow() >= next_sample_) {
    next_sample_ = BootNow() + kPageSampleInterval;
    page_.AddSample(absl::Now(), options_.collect_summaries());
  }
  return static_cast<int>(
      std::max<int64_t>(0, absl::ToInt64Milliseconds(next_sample_ - BootNow()) + 1));
}

void Exporter::Impl::CollectUntilStopped() {
  while (true) {
    pollfd waits[2] = {{wanted_.get(), POLLIN, 0}, {stops_.get(), POLLIN, 0}};
    ::poll(waits, 2, SampleIfDue());
    if (waits[1].revents != 0) return;
    if (waits[0].revents == 0) continue;
    wanted_.Clear();
    std::vector<InterfaceStatus> interfaces = options_.collect();
    {
      MutexLock lock(&mutex_);
      result_ = std::move(interfaces);
    }
    collected_.Raise();
  }
}

Exporter::Exporter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Exporter::~Exporter() = default;

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::Start(UniqueFd listener, int stop_fd,
                                                          ExporterOptions options) {
  auto impl = std::make_unique<Impl>(std::move(listener), stop_fd, std::move(options));
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Exporter>(new Exporter(std::move(impl)));
}

absl::Status Exporter::Run() { return impl_->Run(); }

}  // namespace ringwire::platform
