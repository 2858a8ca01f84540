#ifndef RINGWIRE_PLATFORM_GATEWAY_PLAN_PACKET_MARKS_H_
#define RINGWIRE_PLATFORM_GATEWAY_PLAN_PACKET_MARKS_H_

#include <cstdint>
#include <span>

// The marks of an interface's packets. Other programs use single bits of a mark and test them with
// a mask, so a mark of ours must not have such a bit by accident: with 51820, the mark of wg-quick,
// kube-proxy drops (0x8000) and masquerades (0x4000) the tunnel's datagrams. Pure.
namespace ringwire::platform {

// Bits of other programs: AWS VPC CNI 0x80, Cilium 0xf00, CNI portmap and netavark 0x2000,
// kube-proxy 0xc000, Tailscale 0xff0000, Calico 0xffff0000.
inline constexpr uint32_t kForeignMarkBits = 0xffffef80;

// The mark of the tunnel's own datagrams: the first one that is free together with its table and
// with the two marks below. The first 32 have none of kForeignMarkBits. `taken`: marks and tables.
uint32_t ChooseMark(std::span<const uint32_t> taken);

// The routing table of an interface with such a mark: 51820 as wg-quick, and up. Of any other mark
// it is that number, also as wg-quick.
uint32_t TableOfMark(uint32_t mark);

// Two more marks of the interface whose datagrams have the mark `own`. They differ from it, from
// each other and from 0.
uint32_t ReplyMark(uint32_t own);     // of replies to connections that came through the tunnel
uint32_t OwnRouteMark(uint32_t own);  // of packets that must not take the route of last resort

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_GATEWAY_PLAN_PACKET_MARKS_H_
