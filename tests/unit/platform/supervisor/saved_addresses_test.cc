#include "platform/supervisor/saved_addresses.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

std::vector<InterfaceAddress> Of(std::initializer_list<const char*> texts) {
  std::vector<InterfaceAddress> addresses;
  for (const char* const text : texts) addresses.push_back(*InterfaceAddress::Parse(text));
  return addresses;
}

TEST(SavedAddressesTest, AConfiguredLinkLocalAddressIsThereAndTheKernelsOwnIsNotSaved) {
  const auto configured = Of({"10.0.0.1/24", "fe80::77:2/64"});
  const AddressesToSave saved =
      CompareAddresses(configured, Of({"10.0.0.1/24", "fe80::77:2/64", "fe80::abcd/64"}), true);
  EXPECT_EQ(saved.present, configured);
  EXPECT_TRUE(saved.gone.empty());
}

TEST(SavedAddressesTest, WhatWasTakenOffIsGoneAlsoALinkLocalAddress) {
  const AddressesToSave saved = CompareAddresses(Of({"10.0.0.1/24", "fe80::77:2/64", "fd00::1/64"}),
                                                 Of({"10.0.0.9/24", "fd00::1/64"}), true);
  EXPECT_EQ(saved.present, Of({"10.0.0.9/24", "fd00::1/64"}));
  EXPECT_EQ(saved.gone, Of({"10.0.0.1/24", "fe80::77:2/64"}));
}

TEST(SavedAddressesTest, WhileTheLinkIsDownNoIpv6AddressCountsAsGone) {
  const AddressesToSave saved =
      CompareAddresses(Of({"10.0.0.1/24", "fd00::1/64", "fe80::1/64"}), {}, false);
  EXPECT_EQ(saved.gone, Of({"10.0.0.1/24"}));
}

}  // namespace
}  // namespace ringwire::platform
