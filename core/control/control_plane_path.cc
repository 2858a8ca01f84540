// ControlPlane: the path MTU of each peer (docs/path_mtu.md).

#include <algorithm>
#include <memory>
#include <optional>

#include "core/base/limits.h"
#include "core/control/control_plane_impl.h"
#include "core/device/key_text.h"
#include "core/wire/path_probe.h"
#include "fmt/format.h"

namespace ringwire {
namespace {

// An authenticated peer may send probes as fast as it likes. A test has two of them.
constexpr absl::Duration kProbeAnswersWindow = absl::Milliseconds(100);
constexpr int kProbeAnswersMax = 16;

}  // namespace

void ControlPlane::Impl::TakePathEvents(const ControlCall& call, Peer& peer, uint32_t kinds) {
  if ((kinds & kPathProbe) != 0) AnswerProbe(call, peer);
  if ((kinds & kLargeSent) != 0) {
    if (peer.path == nullptr) peer.path = std::make_unique<PathMtu>();
    peer.path->LargeSent(call.now);
  }
  if ((kinds & kPathAnswer) != 0) {
    const auto [id, bytes] = PeerPath::Split(peer.slot->path.answer.exchange(0));
    if (peer.path != nullptr) peer.path->Answered(call.now, id, bytes);
  }
  if (peer.path != nullptr) RunPath(call, peer);
}

void ControlPlane::Impl::AnswerProbe(const ControlCall& call, Peer& peer) {
  const auto [id, bytes] = PeerPath::Split(peer.slot->path.probe.exchange(0));
  if (call.now >= peer.probe_answers_since + kProbeAnswersWindow) {
    peer.probe_answers_since = call.now;
    peer.probe_answers = 0;
  }
  if (!answers_path_probes || bytes == 0 || ++peer.probe_answers > kProbeAnswersMax) return;
  (void)sessions.SendProbe(call, peer, {.is_answer = true, .id = id, .bytes = bytes});
}

void ControlPlane::Impl::RunPath(const ControlCall& call, Peer& peer) {
  PathMtu& path = *peer.path;
  if (call.now < path.due()) return;
  const uint32_t before = path.limits().packet_bytes_max;
  if (!peer.CanSend(call.now)) {
    path.Postpone(call.now);
  } else {
    const PathMtu::Traffic traffic{peer.slot->transmit_bytes.load(std::memory_order_relaxed),
                                   peer.slot->receive_bytes.load(std::memory_order_relaxed)};
    // A larger packet fits no datagram.
    const auto mtu =
        std::min<uint32_t>(shared->mtu.load(), kTrainBytesMax - kTransportOverheadBytes);
    const std::optional<PathMtu::Probes> probes = path.Advance(call.now, mtu, traffic);
    if (probes.has_value() && probes->bytes != 0) {
      (void)sessions.SendProbe(call, peer, {.id = probes->id, .bytes = probes->bytes});
    }
    if (probes.has_value() && probes->small) {
      (void)sessions.SendProbe(call, peer, {.id = probes->id, .bytes = kPathProbeBytesMin});
    }
  }
  peer.PublishPath();
  const uint32_t after = path.limits().packet_bytes_max;
  if (after == before) return;
  call.out->notices.push_back(
      {Notice::Level::kInfo,
       after == 0
           ? fmt::format("{}: the path carries full packets again", PeerLabel(peer.public_key()))
           : fmt::format("{}: the path drops larger packets than {} bytes without a word",
                         PeerLabel(peer.public_key()), after)});
}

}  // namespace ringwire
