#!/usr/bin/env bash
# A peer that moves is followed after its next authenticated packet: to another port, another address, and the other
# address family. The other end learns of the move only by that packet.
#
#   a (stays) ------ b (moves)
source "$(dirname "$0")/lib.sh"

two_hosts
join_two - 192.0.2.1:51820
moved() {  # moved WHAT NEW_ENDPOINT: b speaks once, then a reaches it there
  at_once "$1: b speaks" b 10.77.0.1
  wait_until 2 "$1: a has followed" prints "$2" endpoint wga
  echo "ok: $1: a has followed"
  check "$1: a reaches b" pings a fd77::2
}
check "at first" pings b 10.77.0.1
check_equal "a learned the endpoint" 192.0.2.2:51820 "$(endpoint wga)"

wg set wgb listen-port 40001
moved "another port" 192.0.2.2:40001

ip -n b address del 192.0.2.2/24 dev eth0
address b eth0 192.0.2.77/24
moved "another address" 192.0.2.77:40001

ip -n b address del 192.0.2.77/24 dev eth0
wg set wgb peer "${public[a]}" endpoint '[2001:db8::1]:51820'
moved "the other family" '[2001:db8::2]:40001'

ip -n b address del 2001:db8::2/64 dev eth0
address b eth0 192.0.2.78/24
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820
moved "and back" 192.0.2.78:40001
check_equal "one session served them all" 1 "$(wg show wga peers | wc -l)"
