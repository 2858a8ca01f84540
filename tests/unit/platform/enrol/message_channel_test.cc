#include "platform/enrol/message_channel.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>
#include <variant>

#include "core/enrol/limits.h"
#include "core/enrol/message_files.h"
#include "platform/enrol/sealed_memory.h"

namespace ringwire::platform {
namespace {

struct Ends {
  SupervisorEndToRegistrar supervisor;
  RegistrarEndToSupervisor registrar;
};

Ends MakeEnds() {
  auto sockets = MakeMessageSockets();
  EXPECT_TRUE(sockets.ok());
  return {SupervisorEndToRegistrar(std::move(sockets->first)),
          RegistrarEndToSupervisor(std::move(sockets->second))};
}

TEST(MessageChannelTest, CarriesMessagesInOrderWithTheirMemory) {
  Ends ends = MakeEnds();
  EXPECT_FALSE(ends.registrar.TryReceive()->has_value());
  enrol::UserTable table;
  table.users.emplace_back().name = "bob";
  const auto memory = MakeSealedMemory(enrol::EncodeFile(table).view());
  ASSERT_TRUE(memory.ok());
  const int descriptor = memory->get();
  ASSERT_TRUE(ends.supervisor.Send(enrol::NewUsers(), {&descriptor, 1}).ok());
  ASSERT_TRUE(ends.supervisor.Send(enrol::GrantDone{5, enrol::GrantResult::kDone}).ok());

  const auto first = ends.registrar.TryReceive();
  ASSERT_TRUE(first.ok() && first->has_value());
  ASSERT_TRUE(std::holds_alternative<enrol::NewUsers>((*first)->message));
  ASSERT_EQ((*first)->descriptors.size(), 1U);
  const auto bytes = ReadSealedMemory((*first)->descriptors.front().get());
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(enrol::DecodeFile<enrol::UserTable>(bytes->view())->users.front().name, "bob");

  const auto second = ends.registrar.TryReceive();
  ASSERT_TRUE(second.ok() && second->has_value());
  EXPECT_EQ(std::get<enrol::GrantDone>((*second)->message).id, 5U);
}

TEST(MessageChannelTest, TellsWhatIsNoMessageAndThatTheOtherEndIsGone) {
  Ends ends = MakeEnds();
  const std::string noise(enrol::kMessageBytesMax + 100, 'x');
  ASSERT_EQ(::write(ends.supervisor.fd(), noise.data(), noise.size()),
            static_cast<ssize_t>(noise.size()));
  EXPECT_TRUE(absl::IsInvalidArgument(ends.registrar.TryReceive().status()));
  ends.supervisor.Close();
  EXPECT_TRUE(absl::IsNotFound(ends.registrar.TryReceive().status()));
}

// A registrar that does not read must not make its supervisor wait.
TEST(MessageChannelTest, NeverWaitsForAReader) {
  Ends ends = MakeEnds();
  absl::Status status;
  for (int i = 0; i < 1'000'000 && status.ok(); ++i) {
    status = ends.supervisor.Send(enrol::GrantDone());
  }
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
}

TEST(SealedMemoryTest, TakesOnlyMemoryThatNobodyCanChange) {
  const UniqueFd open(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadSealedMemory(open.get()).status()));
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  EXPECT_FALSE(ReadSealedMemory(pipe[0]).ok());
  ::close(pipe[0]);
  ::close(pipe[1]);
  const auto memory = MakeSealedMemory("text");
  ASSERT_TRUE(memory.ok());
  EXPECT_LT(::pwrite(memory->get(), "T", 1, 0), 0);
  EXPECT_EQ(ReadSealedMemory(memory->get())->view(), "text");
}

}  // namespace
}  // namespace ringwire::platform
