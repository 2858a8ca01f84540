#include "platform/observe/exporter.h"

#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "fmt/format.h"
#include "platform/base/event_fd.h"
#include "platform/base/start_thread.h"
#include "platform/observe/health.h"
#include "platform/observe/http_server.h"

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
  struct Waiting {
    uint64_t connection = 0;
    bool wants_metrics = false;  // else readiness
  };

  void Serve(uint64_t connection, const HttpRequest& request);
  void AnswerAll();
  void CollectUntilStopped();

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
  } else if (request.path() == "/metrics" || request.path() == "/readyz") {
    waiting_.push_back({connection, request.path() == "/metrics"});
    wanted_.Raise();
  } else {
    server_.Respond(connection, {.status = 404, .body = "see /metrics, /healthz and /readyz\n"});
  }
}

void Exporter::Impl::AnswerAll() {
  collected_.Clear();
  std::vector<InterfaceStatus> interfaces;
  {
    MutexLock lock(&mutex_);
    interfaces = std::move(result_);
  }
  std::optional<HttpResponse> metrics;
  for (const Waiting& one : std::exchange(waiting_, {})) {
    if (!one.wants_metrics) {
      server_.Respond(one.connection, Readiness(interfaces));
      continue;
    }
    if (!metrics.has_value()) {
      metrics = HttpResponse{
          .content_type = kMetricsType,
          .body = FormatMetrics(interfaces, options_.version, absl::Now(), options_.metrics)};
    }
    server_.Respond(one.connection, *metrics);
  }
}

void Exporter::Impl::CollectUntilStopped() {
  while (true) {
    pollfd waits[2] = {{wanted_.get(), POLLIN, 0}, {stops_.get(), POLLIN, 0}};
    ::poll(waits, 2, -1);
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
