#ifndef RINGWIRE_PLATFORM_DOCTOR_FACTS_H_
#define RINGWIRE_PLATFORM_DOCTOR_FACTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/config/config_file.h"
#include "core/wire/address.h"
#include "platform/gateway/plan/plan.h"

// What `ringwire doctor` knows of a host and of a configuration: plain data, so that the judgement
// (judge_host.h, judge_tunnel.h) needs no host.
namespace ringwire::platform {

// Of this process. A service that is started in the same way has the same.
struct Rights {
  bool net_admin = false;
  bool set_ids = false;  // CAP_SETUID and CAP_SETGID
  bool kill = false;
  bool low_ports = false;  // CAP_NET_BIND_SERVICE
  friend bool operator==(const Rights&, const Rights&) = default;
};

struct SandboxFacts {
  bool is_filtered = false;       // somebody else's seccomp filter is in force for this process
  bool can_filter = true;         // this kernel has seccomp filters
  bool has_landlock = true;       // and Landlock
  bool has_relay_account = true;  // the user `ringwire-relay`
};

struct OffloadFact {
  std::string name;
  std::string state;  // as RungStateName
  std::string why;    // of a state other than on; else doubts
};

// A policy rule that does not belong to the kernel, nor to a tunnel of ours.
struct ForeignRule {
  uint32_t priority = 0;
  uint32_t table = 0;  // 0: none
  uint32_t mark = 0;   // 0: none
  friend bool operator==(const ForeignRule&, const ForeignRule&) = default;
};
// A route of the main table that takes a large part of the internet, as /1, through an interface.
struct WideRoute {
  Prefix prefix;
  std::string interface;
  friend bool operator==(const WideRoute&, const WideRoute&) = default;
};
struct OtherVpns {
  std::vector<ForeignRule> rules;
  std::vector<WideRoute> wide_routes;
  std::vector<std::string> interfaces;  // of this host, by name
};

struct DoctorFacts {
  int tun_error = 0;  // errno of opening /dev/net/tun; 0: it opens
  Rights rights;
  SandboxFacts sandbox;
  std::optional<absl::Status> io_uring;       // of the test that a start makes; absent: not tried
  std::string io_uring_disabled;              // the sysctl kernel.io_uring_disabled; empty: none
  std::vector<OffloadFact> offloads;          // empty: not tried
  absl::Time now;                             // by the wall clock
  std::optional<bool> clock_is_synchronised;  // absent: the kernel does not say
  absl::Status nft;                           // of asking nft for the tables; NotFound: no nft
  std::optional<uint32_t> path_mtu;  // in bytes, of the default routes; with endpoints, to those
  std::vector<std::string> name_servers;  // that programs of this host ask
  OtherVpns others;
};

// What a configuration adds.
struct TunnelFacts {
  std::string path;
  std::string interface;
  ConfigFile config;
  std::vector<std::string> errors;  // of the file; the rest counts only without any
  std::vector<std::string> warnings;
  bool is_up = false;       // its service is running
  absl::Status plan_error;  // the facts of the host for a plan cannot be read
  Plan plan;
  std::vector<std::pair<std::string, std::string>> sysctls_to_change;  // path, and value to be
  absl::Status sysctls;                                                // whether those can be set
  std::vector<std::string> firewall_warnings;                          // of FirewallWarnings
  std::string port_holder;  // the process at ListenPort; empty: none is known
  bool port_is_taken = false;
  DnsProgram dns_program = DnsProgram::kNone;
  // Each name of an endpoint, and whether it was found.
  std::vector<std::pair<std::string, absl::Status>> names;
  // Networks that this host reaches without the tunnel.
  std::vector<Prefix> local_networks;
};

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_DOCTOR_FACTS_H_
