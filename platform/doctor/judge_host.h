#ifndef RINGWIRE_PLATFORM_DOCTOR_JUDGE_HOST_H_
#define RINGWIRE_PLATFORM_DOCTOR_JUDGE_HOST_H_

#include "platform/doctor/facts.h"
#include "platform/doctor/finding.h"

// What a host can do for tunnels: at least one finding for each topic, in the order in which a
// start would need them. Pure.
namespace ringwire::platform {

Finding JudgeTun(const DoctorFacts& facts);
Findings JudgeRights(const DoctorFacts& facts);
Findings JudgeSandbox(const DoctorFacts& facts);
Finding JudgeIoUring(const DoctorFacts& facts);
Findings JudgeOffloads(const DoctorFacts& facts);
Finding JudgeMtu(const DoctorFacts& facts);
Finding JudgeClock(const DoctorFacts& facts);
Finding JudgeNft(const DoctorFacts& facts);
Finding JudgeNameServers(const DoctorFacts& facts);
Findings JudgeOtherVpns(const DoctorFacts& facts);

Findings JudgeHost(const DoctorFacts& facts);

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_DOCTOR_JUDGE_HOST_H_
