#include "platform/relay/network_interrupts.h"

#include <gtest/gtest.h>

namespace ringwire::platform {
namespace {

constexpr const char* kInterrupts =
    "            CPU0       CPU1       \n"
    "   1:          9          0   IO-APIC    1-edge      i8042\n"
    "  24:          0          0   PCI-MSI 65536-edge      nvme0q0\n"
    "  27:       1034          0   PCI-MSIX-0000:00:03.0   0-edge      virtio1-config\n"
    "  28:          0     771203   PCI-MSIX-0000:00:03.0   1-edge      virtio1-input.0\n"
    "  30:          0          5   PCI-MSIX-0000:00:04.0   1-edge      virtio10-requests\n"
    "  41:     901122          0   IR-PCI-MSI 524289-edge      enp1s0f0-TxRx-0\n"
    "  42:          0     812001   IR-PCI-MSI 524290-edge      enp1s0f1-TxRx-0\n"
    " 130:         12          9   IR-PCI-MSI 1048577-edge      mlx5_comp0@pci:0000:02:00.0\n"
    " NMI:          0          0   Non-maskable interrupts\n"
    " LOC:     110244     118811   Local timer interrupts, not of enp1s0f0\n"
    " ERR:          0\n";

TEST(NetworkInterruptsTest, FindsThoseNamedAfterACardOrItsInterface) {
  EXPECT_EQ(ParseNetworkInterrupts(kInterrupts, {"eth0", "virtio1"}), (std::vector<int>{27, 28}));
  EXPECT_EQ(ParseNetworkInterrupts(kInterrupts, {"enp1s0f0", "0000:01:00.0"}),
            (std::vector<int>{41}));
  EXPECT_EQ(ParseNetworkInterrupts(kInterrupts, {"ens2", "0000:02:00.0"}), (std::vector<int>{130}));
  EXPECT_TRUE(ParseNetworkInterrupts(kInterrupts, {"enp1s0", "virtio", ""}).empty());
  EXPECT_TRUE(ParseNetworkInterrupts(kInterrupts, {}).empty());
}

TEST(NetworkInterruptsTest, TakesNonsenseForNone) {
  for (const char* const text : {"", "\n", ":", "12", "12 eth0", "x: eth0", "  : eth0\n\n"}) {
    EXPECT_TRUE(ParseNetworkInterrupts(text, {"eth0"}).empty()) << text;
  }
  EXPECT_EQ(ParseNetworkInterrupts("7: eth0", {"eth0"}), (std::vector<int>{7}));
}

TEST(NetworkInterruptsTest, ReadsListsOfCpus) {
  EXPECT_EQ(ParseCpuList("3\n"), (std::vector<int>{3}));
  EXPECT_EQ(ParseCpuList("0-2,8,10-11\n"), (std::vector<int>{0, 1, 2, 8, 10, 11}));
  for (const char* const text :
       {"", "\n", "a", "1-", "-1", "3-1", "1,,2", "1,", "0-99999999", "1 2"}) {
    EXPECT_TRUE(ParseCpuList(text).empty()) << text;
  }
}

TEST(NetworkInterruptsTest, TheseOfThisMachineAreSentToItsCpus) {
  for (const auto& [cpu, count] : ReadNetworkInterrupts()) {
    EXPECT_GE(cpu, 0);
    EXPECT_GT(count, 0u);
  }
}

}  // namespace
}  // namespace ringwire::platform
