#ifndef RINGWIRE_TESTS_UNIT_PLATFORM_IO_NETWORK_NAMESPACE_H_
#define RINGWIRE_TESTS_UNIT_PLATFORM_IO_NETWORK_NAMESPACE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "platform/base/unique_fd.h"

namespace ringwire::platform {

// Puts the calling thread (and those that it starts) into a network namespace of its own, loopback
// up, and back again in the end. Whatever a test creates in it goes with it.
class NetworkNamespace {
 public:
  NetworkNamespace();
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  // Why real devices cannot be had here; empty: they can.
  static std::string Obstacle();

 private:
  UniqueFd original_;
};

// For tests that run in a namespace of their own; they are skipped, and say why, where there can be
// none.
class NetworkNamespaceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string obstacle = NetworkNamespace::Obstacle(); !obstacle.empty()) {
      GTEST_SKIP() << "SKIP: " << obstacle;
    }
    namespace_.emplace();
  }
  std::optional<NetworkNamespace> namespace_;
};

// Each aborts the test program when the kernel refuses.
void SetLinkUp(const std::string& name, bool up);
void SetMtu(const std::string& name, int mtu);
void DeleteLink(const std::string& name);
// "name" or, for a further address, "name:1". Taking the alias down removes the address.
void SetAddressV4(const std::string& name, const char* address, const char* netmask);
void AddAddressV6(const std::string& name, const char* address, uint32_t prefix_length);
void RemoveAddressV6(const std::string& name, const char* address, uint32_t prefix_length);
void DisableIpv6(const std::string& name);
// As `ethtool -K NAME FEATURE on|off`.
void SetFeature(const std::string& name, const std::string& feature, bool on);
int TxQueueLength(const std::string& name);

}  // namespace ringwire::platform

#endif  // RINGWIRE_TESTS_UNIT_PLATFORM_IO_NETWORK_NAMESPACE_H_
