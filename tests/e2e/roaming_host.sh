#!/usr/bin/env bash
# The cookbook's roaming host: a laptop reaches the private networks behind a gateway. Their hosts reply by a route,
# or without one to the gateway's own address. The laptop changes its address under a running connection.
#
#   laptop 192.0.2.10 ------ 192.0.2.1 gateway lan0 192.168.60.1 / fd60::1 ------ 192.168.60.9 / fd60::9 inside
#          10.4.2.2 / fd42::2  (tunnel)  10.4.2.1 / fd42::1
source "$(dirname "$0")/lib.sh"

host laptop gateway inside
link laptop eth0 gateway wan0
link gateway lan0 inside eth0
address laptop eth0 192.0.2.10/24
address gateway wan0 192.0.2.1/24
address gateway lan0 192.168.60.1/24 fd60::1/64 fe80::60/64
address inside eth0 192.168.60.9/24 fd60::9/64
on gateway sh -c 'for name in all default wan0 lan0; do echo 1 >/proc/sys/net/ipv4/conf/$name/rp_filter; done'
new_key laptop gateway
for file in laptop gateway gateway-nat; do cookbook "roaming-host/$file.conf"; done
for family in 4 6; do
  # shellcheck disable=SC2016  # expanded by the shell that socat starts
  spawn inside socat "TCP$family-LISTEN:700$family,fork,reuseaddr" SYSTEM:'echo $SOCAT_PEERADDR' &
  wait_until 10 "a service inside" listening inside 700$family
done
seen_as() { on laptop timeout "$patience" socat -u "TCP:$1" -; }
sysctls() { on "$1" sysctl -a 2>/dev/null | grep -E 'forward|accept_ra |redirects|rp_filter|src_valid'; }

sysctls gateway >"$work/before"
up laptop "$work/laptop.conf"

say "replies by a route"
ip -n inside route add 10.4.2.0/24 via 192.168.60.1
ip -n inside -6 route add fd42::/64 via fd60::1
up gateway "$work/gateway.conf"
check "ping" pings laptop 192.168.60.9
check "over IPv6" pings laptop fd60::9
check "and the other way" pings inside 10.4.2.2
check_equal "the laptop is seen as itself" 10.4.2.2 "$(seen_as 192.168.60.9:7004)"
check_equal "over IPv6 too" '[fd42:0000:0000:0000:0000:0000:0000:0002]' "$(seen_as '[fd60::9]:7006')"
stream tcp laptop inside 192.168.60.9 7001
ip -n laptop address delete 192.0.2.10/24 dev eth0
address laptop eth0 192.0.2.77/24
stream_goes_on tcp "the connection goes on from another address"
check_equal "which the gateway knows" 192.0.2.77 "$(endpoint gateway | cut -d: -f1)"
stream_ends tcp
down laptop laptop
down gateway gateway
sysctls gateway >"$work/after"
check "down leaves the sysctls as they were" diff "$work/before" "$work/after"

say "replies by NAT"
ip -n inside route delete 10.4.2.0/24 via 192.168.60.1
ip -n inside -6 route delete fd42::/64 via fd60::1
up gateway "$work/gateway-nat.conf"
up laptop "$work/laptop.conf"
check "ping" pings laptop 192.168.60.9
check "over IPv6" pings laptop fd60::9
check_equal "the laptop is seen as the gateway" 192.168.60.1 "$(seen_as 192.168.60.9:7004)"
check_equal "over IPv6 too" '[fd60:0000:0000:0000:0000:0000:0000:0001]' "$(seen_as '[fd60::9]:7006')"
check_fails "nobody inside reaches the laptop" on inside ping -n -q -c 1 -W 0.3 10.4.2.2
down laptop laptop
down gateway gateway-nat
sysctls gateway >"$work/after"
check "down leaves the sysctls as they were" diff "$work/before" "$work/after"
check_equal "and no rule of nft" '' "$(on gateway nft list ruleset)"
