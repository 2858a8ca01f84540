#!/usr/bin/env bash
# A peer behind a masquerading router with mappings of 2 s stays reachable with a persistent keepalive of 1 s, is
# unreachable without it, and returns when it sends first.
#
#   a  192.168.1.2 ------ 192.168.1.1  n (NAT)  203.0.113.1 ------ 203.0.113.2  b
source "$(dirname "$0")/lib.sh"

host a n b
router n
link a eth0 n lan
link n wan b eth0
address a eth0 192.168.1.2/24
address n lan 192.168.1.1/24
address n wan 203.0.113.1/24
address b eth0 203.0.113.2/24
ip -n a route add default via 192.168.1.1
on n nft -f - <<'NFT'
add table ip nat
add chain ip nat outgoing { type nat hook postrouting priority 100; }
add rule ip nat outgoing oifname "wan" udp sport 51820 masquerade to :30000-30999 random
add chain ip nat guard { type filter hook forward priority 0; policy drop; }
add rule ip nat guard ct state established,related accept
add rule ip nat guard iifname "lan" accept
NFT
on n sh -c 'cd /proc/sys/net/netfilter && echo 2 >nf_conntrack_udp_timeout && echo 2 >nf_conntrack_udp_timeout_stream'
new_key a b
start a wga
start b wgb
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
join_two 203.0.113.2:51820 -
wg set wga peer "${public[b]}" persistent-keepalive 1

check "a reaches b" pings a 10.77.0.2
check "b sees the router's address" output_has '203\.0\.113\.1:30[0-9]{3}' wg show wgb endpoints
first=$(endpoint wgb)
read -r before _ < <(transfer wgb)
wait_until 8 "four keepalives, so over 3 s of silence" received_more wgb $((before + 4 * 32 - 1))
check "b still reaches a" pings b 10.77.0.1
check_equal "through the same mapping" "$first" "$(endpoint wgb)"

say "without the keepalive the mapping dies"
wg set wga peer "${public[b]}" persistent-keepalive off
mapped=$SECONDS
expired() { ((SECONDS - mapped >= 4)); }
wait_until 10 "4 s pass" expired
check "b does not reach a" no_pings b 10.77.0.1
at_once "a speaks first" a 10.77.0.2
check "b reaches a again" pings b 10.77.0.1
