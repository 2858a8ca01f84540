#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <variant>

#include "core/enrol/message_files.h"
#include "core/enrol/messages.h"
#include "platform/base/unique_fd.h"
#include "platform/base/wait_child.h"
#include "platform/enrol/message_channel.h"
#include "platform/enrol/sealed_memory.h"
#include "platform/registrar/hash_pool.h"
#include "platform/registrar/lease_store.h"
#include "platform/registrar/password_hash.h"
#include "platform/registrar/registrar_process.h"
#include "platform/sandbox/call_guard.h"
#include "platform/sandbox/confinement.h"
#include "tests/support/folder_test.h"
#include "tests/unit/platform/sandbox/in_child.h"

namespace ringwire::platform {
namespace {

using RegistrarConfinementTest = FolderTest;

// Everything that a registrar does works behind its walls, and nothing else.
TEST_F(RegistrarConfinementTest, ReachesItsFolderAndNothingElse) {
  const ChildEnd end = InChild([this] {
    const LeaseClock now = LeaseClockNow();
    auto confinement =
        Confinement::GiveUpRights({.role = SandboxRole::kRegistrar, .own_folder = folder_});
    if (!confinement.ok()) return 1;
    auto hashes = HashPool::Start();
    if (!hashes.ok() || !confinement->Seal().ok()) return 2;
    if (!confinement->missing().call_filter.empty()) return 0;  // this kernel has none
    const std::string folder = confinement->is_folder_root() ? "" : folder_;
    enrol::Lease lease;
    for (int turn = 0; turn < 2; ++turn) {
      auto store = LeaseStore::Open(folder + "/leases.db");
      if (!store.ok() || !store->Put({&lease, 1}, now).ok()) return 3;
      if (store->Load(now, 1, 1)->size() != 1) return 4;
      if (!store->Remove({&lease.public_key, 1}).ok()) return 5;
    }
    const auto memory = MakeSealedMemory("text");
    if (!memory.ok() || !ReadSealedMemory(memory->get()).ok()) return 6;
    (*hashes)->Add({1, IpAddress(), kDummyHash, enrol::SecretBytes("password")});
    while ((*hashes)->TakeResults().empty()) ::usleep(1000);
    if (CountRefusedCalls().count != 0) return 7;
    if (::open("/etc/passwd", O_RDONLY) >= 0) return 8;
    if (::socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM) return 9;
    return ::fork() < 0 ? 0 : 10;
  });
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.signal, 0);
  EXPECT_EQ(::access((folder_ + "/leases.db").c_str(), F_OK), 0) << "the file is in the folder";
}

// The registrar makes each descriptor that it needs before its walls are complete.
TEST_F(RegistrarConfinementTest, ServesItsSupervisorBehindItsWalls) {
  auto ends = MakeMessageSockets().value();
  SupervisorEndToRegistrar registrar(std::move(ends.first));
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process == 0) {
    registrar.Close();
    ::_exit(RunRegistrar(std::move(ends.second), parent, folder_));
  }
  ends.second.Reset();
  const UniqueFd memory = MakeSealedMemory(EncodeFile(enrol::UserTable()).view()).value();
  const int descriptor = memory.get();
  ASSERT_TRUE(registrar.Send(enrol::NewUsers(), {&descriptor, 1}).ok());
  pollfd wait{registrar.fd(), POLLIN, 0};
  ::poll(&wait, 1, 60'000);
  const auto packet = registrar.TryReceive();
  ASSERT_TRUE(packet.ok()) << packet.status();
  ASSERT_TRUE(packet->has_value()) << "the registrar does not answer";
  EXPECT_EQ(std::get<enrol::Applied>((*packet)->message).error, "");
  registrar.Close();
  EXPECT_EQ(WaitForChild(process, absl::Seconds(60)), 0);
}

}  // namespace
}  // namespace ringwire::platform
