#include "platform/control/listen_sockets.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

DeviceUpdate UpdateOf(std::optional<uint16_t> port, std::optional<uint32_t> fwmark) {
  DeviceUpdate update;
  update.listen_port = port;
  update.fwmark = fwmark;
  return update;
}

// UAPI trap 5: `wg syncconf` sends port and mark again as they are.
TEST(ListenSocketsTest, EqualValuesChangeNothing) {
  const ListenSockets listen(51820, 51820, 7);
  EXPECT_FALSE(listen.WouldChange(UpdateOf(std::nullopt, std::nullopt)));
  EXPECT_FALSE(listen.WouldChange(UpdateOf(51820, 7)));
  EXPECT_TRUE(listen.WouldChange(UpdateOf(51821, std::nullopt)));
  EXPECT_TRUE(listen.WouldChange(UpdateOf(std::nullopt, 8)));
  EXPECT_TRUE(listen.WouldChange(UpdateOf(std::nullopt, 0)));
}

TEST(ListenSocketsTest, AnyPortStaysTheOneThatItBecame) {
  const ListenSockets listen(/*requested_port=*/0, /*port=*/40000, 0);
  EXPECT_EQ(listen.port(), 40000);
  EXPECT_FALSE(listen.WouldChange(UpdateOf(0, 0)));
  EXPECT_FALSE(listen.WouldChange(UpdateOf(40000, std::nullopt)));
  EXPECT_TRUE(listen.WouldChange(UpdateOf(51820, std::nullopt)));
}

TEST(ListenSocketsTest, AskingForAnyPortGivesAFixedOneUp) {
  EXPECT_TRUE(ListenSockets(51820, 51820, 0).WouldChange(UpdateOf(0, std::nullopt)));
}

TEST(ListenSocketsTest, EqualValuesAreAcceptedWithoutTouchingASocket) {
  ListenSockets listen(0, 40000, 7);
  EXPECT_TRUE(listen.Change(UpdateOf(40000, 7), {}).ok());
  EXPECT_EQ(listen.port(), 40000);
}

}  // namespace
}  // namespace ringwire::platform
