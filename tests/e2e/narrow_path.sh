#!/usr/bin/env bash
# A path that is narrower than the links at both of its ends, and does not say so: over IPv4, routers fragment the tunnel's
# datagrams, so that packets as large as the MTU arrive. Packets inside the tunnel keep their own path MTU discovery.
#
#   a 192.0.2.1 ------ 192.0.2.66 m 203.0.113.66 ---(1400)--- 203.0.113.1 b
source "$(dirname "$0")/lib.sh"

host a m b
router m
link a eth0 m lan0
link m wan0 b eth0
for end in m:wan0 b:eth0; do ip -n "${end%:*}" link set "${end#*:}" mtu 1400; done
address a eth0 192.0.2.1/24
address m lan0 192.0.2.66/24
address m wan0 203.0.113.66/24
address b eth0 203.0.113.1/24
ip -n a route add default via 192.0.2.66
ip -n b route add default via 203.0.113.66
on m nft 'add table ip quiet; add chain ip quiet output { type filter hook output priority 0; };
  add rule ip quiet output icmp type destination-unreachable drop'
new_key a b
start a wga
start b wgb
MTU=1420 set_up a wga a 51820 10.77.0.1/24
MTU=1420 set_up b wgb b 51820 10.77.0.2/24
join_two 203.0.113.1:51820 192.0.2.1:51820
count m with_df 'udp dport 51820 ip frag-off & 0x4000 != 0'
count b fragments 'iifname "eth0" ip frag-off & 0x1fff != 0'

check "small packets" pings a 10.77.0.2
check "packets as large as the MTU" pings a 10.77.0.2 -s 1392 -M do
check "from behind the narrow link" pings b 10.77.0.1 -s 1392 -M do
check "routers had to fragment them" test "$(counted b fragments)" -gt 0
stream tcp a b 10.77.0.2 7001
stream_goes_on tcp "TCP, in trains of full segments"
stream_ends tcp
check_equal "no datagram of either end forbade it" 0 "$(counted m with_df)"
check_soon "packets above the tunnel's MTU are refused as before" output_has 'message too long, mtu=1420' \
  on a ping -n -c 1 -W 1 -s 1393 -M do 10.77.0.2
