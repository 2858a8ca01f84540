#!/usr/bin/env bash
# A tunnel inside a tunnel: the endpoint of the inner one is an address that only the outer one reaches.
#
#   a  wga 10.77.0.1, ina 10.88.0.1  ------  wgb 10.77.0.2, inb 10.88.0.2  b
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
new_key c d
start a ina
start b inb
MTU=1340 set_up a ina c 51821 10.88.0.1/24
MTU=1340 set_up b inb d 51821 10.88.0.2/24
wg set ina peer "${public[d]}" endpoint 10.77.0.2:51821 allowed-ips 10.88.0.2/32
wg set inb peer "${public[c]}" endpoint 10.77.0.1:51821 allowed-ips 10.88.0.1/32
count b inner 'iifname "wgb" udp dport 51821'
check "pings through both" pings a 10.88.0.2
check "of full size" pings b 10.88.0.1 -M do -s 1312
(($(counted b inner) > 0)) || fail "the inner datagrams did not come through the outer tunnel"
echo "ok: the inner datagrams came through the outer tunnel"
stream tcp a b 10.88.0.2 5000
stream_goes_on tcp "TCP through both"
stream_ends tcp
