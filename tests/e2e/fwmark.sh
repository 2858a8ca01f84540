#!/usr/bin/env bash
# Policy routing as for a default route into the tunnel: the daemon's marked datagrams take the main table, all other
# packets take the tunnel, although the peer's allowed IPs cover its own endpoint.
#
#   a  192.0.2.1 ------ 192.0.2.2  b        a: default dev wga in table 51820 for what is not marked
source "$(dirname "$0")/lib.sh"

two_hosts
address b lo 203.0.113.5/32
wg set wga fwmark 0xca6c
wg set wgb peer "${public[a]}" allowed-ips 10.77.0.1/32
wg set wga peer "${public[b]}" endpoint 192.0.2.2:51820 allowed-ips 0.0.0.0/0,::/0
ip -n a route add default dev wga table 51820
ip -n a rule add not fwmark 0xca6c table 51820
ip -n a rule add table main suppress_prefixlength 0
ip -n a -6 route add default dev wga table 51820
ip -n a -6 rule add not fwmark 0xca6c table 51820
ip -n a -6 rule add table main suppress_prefixlength 0
check_equal "the mark is shown" 0xca6c "$(wg show wga fwmark)"
check "an address that only the tunnel leads to" pings a 203.0.113.5 -I 10.77.0.1
count b plain 'iifname "eth0" ip daddr 203.0.113.5'
check "again" pings a 203.0.113.5 -I 10.77.0.1
check_equal "none of it went in plain text" 0 "$(counted b plain)"

say "the mark changes under the session"
ip -n a rule add priority 1 fwmark 0xca6d table 999
ip -n a route add unreachable default table 999
wg set wga fwmark 0xca6d
check "marked for a table without routes, nothing leaves" no_pings a 203.0.113.5 -I 10.77.0.1
wg set wga fwmark 0xca6c
check "with the first mark again" pings a 203.0.113.5 -I 10.77.0.1
wg set wga fwmark 0
check_equal "off is shown" off "$(wg show wga fwmark)"
