#!/usr/bin/env bash
# Cryptokey routing of received packets: a packet with another peer's inner source is dropped. Its datagram was
# authentic, so the sender's endpoint moves.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
check "at first" pings b 10.77.0.1
count a plain 'iifname "wga" ip saddr 10.77.0.2'
wg set wga peer "$(wg genkey | wg pubkey)" allowed-ips 10.77.0.2/32
wg set wgb listen-port 9997
check "a packet of another peer's address is not answered" no_pings b 10.77.0.1
check_equal "nor does it arrive" 0 "$(counted a plain)"
check_equal "but b is found at its new port" 192.0.2.2:9997 \
  "$(wg show wga endpoints | awk -v peer="${public[b]}" '$1 == peer { print $2 }')"
check "b's own IPv6 address still passes" pings b fd77::1
