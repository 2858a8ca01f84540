#ifndef RINGWIRE_PLATFORM_DOCTOR_JUDGE_TUNNEL_H_
#define RINGWIRE_PLATFORM_DOCTOR_JUDGE_TUNNEL_H_

#include "platform/doctor/facts.h"
#include "platform/doctor/finding.h"

// Whether a configuration will work on a host. Pure.
namespace ringwire::platform {

Findings JudgeConfiguration(const TunnelFacts& tunnel);
Findings JudgePlan(const TunnelFacts& tunnel);
Finding JudgePort(const TunnelFacts& tunnel, const Rights& rights);
Finding JudgeSysctls(const TunnelFacts& tunnel);
Findings JudgeTunnelMtu(const TunnelFacts& tunnel, const DoctorFacts& host);
Findings JudgeFirewall(const TunnelFacts& tunnel, const DoctorFacts& host);
Findings JudgeDns(const TunnelFacts& tunnel, const DoctorFacts& host);
Findings JudgeNetworks(const TunnelFacts& tunnel, const DoctorFacts& host);

// All of it; only JudgeConfiguration if the file has errors.
Findings JudgeTunnel(const TunnelFacts& tunnel, const DoctorFacts& host);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_DOCTOR_JUDGE_TUNNEL_H_
