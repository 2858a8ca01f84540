#!/usr/bin/env bash
# A better route that appears under a live session is used at once, although the session has a cached source address;
# when it goes again, so does the traffic on it.
#
#   a  192.0.2.1 ------ 192.0.2.2  r  203.0.113.2 ------ 203.0.113.1  b      the first path
#   a  198.51.100.1 ----------------------------------- 198.51.100.2  b      the better one, to 203.0.113.1/32
source "$(dirname "$0")/lib.sh"

host a r b
router r
link a eth0 r eth0
link r eth1 b eth0
link a eth1 b eth1
address a eth0 192.0.2.1/24
address r eth0 192.0.2.2/24
address r eth1 203.0.113.2/24
address b eth0 203.0.113.1/24
address a eth1 198.51.100.1/24
address b eth1 198.51.100.2/24
ip -n a route add 203.0.113.0/24 via 192.0.2.2
ip -n b route add 192.0.2.0/24 via 203.0.113.2
new_key a b
start a wga
start b wgb
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
join_two 203.0.113.1:51820 -
stream tcp a b 10.77.0.2 5000
check_equal "b sees a on the first path" 192.0.2.1:51820 "$(endpoint wgb)"

ip -n a route add 203.0.113.1/32 via 198.51.100.2
stream_goes_on tcp "TCP goes on when a better route appears"
count b better 'iifname "eth1" udp dport 51820'
count b first 'iifname "eth0" udp dport 51820'
stream_goes_on tcp "TCP goes on"
(($(counted b better) > 20)) || fail "a's datagrams do not take the better path"
check_equal "all of a's datagrams take it" 0 "$(counted b first)"

ip -n a route del 203.0.113.1/32 via 198.51.100.2
stream_goes_on tcp "TCP goes on when it is gone again"
stream_ends tcp
