#include "platform/relay/device_parts.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "platform/relay/relay_channel.h"

namespace ringwire::platform {
namespace {

UniqueFd SomeDescriptor() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

DeviceParts PartsOf(size_t queues, bool uapi, bool status) {
  DeviceParts parts;
  parts.uso = true;
  parts.queues_expected = queues;
  for (size_t i = 0; i < queues; ++i) parts.queues.push_back(SomeDescriptor());
  if (uapi) parts.uapi = SomeDescriptor();
  if (status) parts.status = SomeDescriptor();
  return parts;
}

// What the receiver of a message has: descriptors of its own.
std::vector<UniqueFd> Arrived(const std::vector<int>& sent, std::vector<int>* numbers) {
  std::vector<UniqueFd> arrived;
  for (const int fd : sent) {
    arrived.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    numbers->push_back(arrived.back().get());
  }
  return arrived;
}

TEST(DevicePartsTest, ArriveInTheirOrder) {
  for (const auto& [uapi, status] : {std::pair(true, true), {true, false}, {false, true}}) {
    const DeviceParts sent = PartsOf(3, uapi, status);
    const std::vector<PartsMessage> messages = PartsMessages(sent.View());
    ASSERT_EQ(messages.size(), 1U);
    DeviceParts taken;
    EXPECT_FALSE(taken.IsComplete());
    std::vector<int> numbers;
    ASSERT_TRUE(TakeParts(messages[0].body, Arrived(messages[0].descriptors, &numbers), &taken));
    ASSERT_TRUE(taken.IsComplete());
    EXPECT_FALSE(taken.tso);
    EXPECT_TRUE(taken.uso);
    std::vector<int> got;
    for (const UniqueFd& queue : taken.queues) got.push_back(queue.get());
    if (uapi) got.push_back(taken.uapi.get());
    if (status) got.push_back(taken.status.get());
    EXPECT_EQ(got, numbers);
    EXPECT_EQ(taken.uapi.valid(), uapi);
    EXPECT_EQ(taken.status.valid(), status);
  }
}

TEST(DevicePartsTest, TakeAsManyMessagesAsTheKernelNeeds) {
  const DeviceParts sent = PartsOf(kWorkersMax, true, true);
  const std::vector<PartsMessage> messages = PartsMessages(sent.View());
  ASSERT_EQ(messages.size(), 2U);
  DeviceParts taken;
  std::vector<int> numbers;
  for (const PartsMessage& message : messages) {
    EXPECT_LE(message.descriptors.size(), kPassedDescriptorsMax);
    EXPECT_LE(message.body.size(), kRelayBodyMax);
    EXPECT_FALSE(taken.IsComplete());
    ASSERT_TRUE(TakeParts(message.body, Arrived(message.descriptors, &numbers), &taken));
  }
  EXPECT_TRUE(taken.IsComplete());
  EXPECT_EQ(taken.queues.size(), kWorkersMax);
}

TEST(DevicePartsTest, RefusesAMessageThatIsNone) {
  const DeviceParts sent = PartsOf(2, true, false);
  const PartsMessage message = PartsMessages(sent.View())[0];
  std::vector<int> numbers;
  const auto takes = [&](const std::string& body, std::vector<int> descriptors) {
    DeviceParts taken;
    return TakeParts(body, Arrived(descriptors, &numbers), &taken);
  };
  const std::vector<int>& all = message.descriptors;
  EXPECT_TRUE(takes(message.body, all));
  EXPECT_FALSE(takes("", all));
  EXPECT_FALSE(takes(message.body + "x", all));
  EXPECT_FALSE(takes(message.body, {}));
  EXPECT_FALSE(takes(message.body, {all[0], all[1]})) << "a listener is missing";
  EXPECT_FALSE(takes(message.body, {all[0], all[1], all[2], all[2]}));
  std::string unknown_flag = message.body;
  unknown_flag[2] = static_cast<char>(unknown_flag[2] | 0x40);
  EXPECT_FALSE(takes(unknown_flag, all));
  EXPECT_FALSE(takes(std::string(3, '\0'), {})) << "no queue";
  EXPECT_FALSE(takes(std::string("\xff\xff\x00", 3), {})) << "more queues than a device has";
}

TEST(DevicePartsTest, RefusesMessagesThatDoNotFitTogether) {
  const PartsMessage message = PartsMessages(PartsOf(2, false, false).View())[0];
  const DeviceParts other = PartsOf(3, false, false);
  std::vector<int> numbers;
  DeviceParts taken;
  const DeviceParts two = PartsOf(2, false, false);
  ASSERT_TRUE(
      TakeParts(message.body, Arrived(PartsMessages(two.View())[0].descriptors, &numbers), &taken));
  EXPECT_FALSE(TakeParts(message.body, {}, &taken)) << "there are enough";
  const PartsMessage more = PartsMessages(other.View())[0];
  EXPECT_FALSE(TakeParts(more.body, Arrived(more.descriptors, &numbers), &taken));
  EXPECT_EQ(taken.queues.size(), 2U) << "as before";
}

}  // namespace
}  // namespace ringwire::platform
