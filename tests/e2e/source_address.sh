#!/usr/bin/env bash
# Replies leave from the address that received the request, also if routing would choose another. When that address is
# removed under a live session, traffic continues from a remaining one.
#
#   a  192.0.2.1 (first), 192.0.2.9, 2001:db8::1 (first), 2001:db8::9  ------  192.0.2.2, 2001:db8::2  b
source "$(dirname "$0")/lib.sh"

contact() {  # contact ENDPOINT: b contacts a there, in a new session
  wg set wga peer "${public[b]}" remove
  wg set wgb peer "${public[a]}" remove
  # a first: the stream makes b begin at once, and who is not known is not answered.
  wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,fd77::2/128
  wg set wgb peer "${public[a]}" endpoint "$1" allowed-ips 10.77.0.1/32,fd77::1/128
  # Time for one retry of the handshake: all namespaces of a CPU share the kernel's backlog, and whoever floods that
  # beside this test can cost it a message.
  check "b reaches a at $1" pings b 10.77.0.1
  check "and back" pings a 10.77.0.2
  check_equal "a answers from there: b sees no other endpoint" "$1" "$(endpoint wgb)"
}
two_hosts
address a eth0 192.0.2.9/24 2001:db8::9/64
contact 192.0.2.1:51820
contact 192.0.2.9:51820
stream tcp b a 10.77.0.1 5000
say "192.0.2.9 is removed"
ip -n a address del 192.0.2.9/24 dev eth0
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820
stream_goes_on tcp "TCP goes on"
check_equal "from the address that is left" 192.0.2.1:51820 "$(endpoint wgb)"

say "a contacted address is removed, and b is not told"
address a eth0 192.0.2.10/24
contact 192.0.2.10:51820
ip -n a address del 192.0.2.10/24 dev eth0
at_once "a still reaches b, from another address" a 10.77.0.2
check_equal "and b follows" 192.0.2.1:51820 "$(endpoint wgb)"
stream_ends tcp

say "IPv6"
contact '[2001:db8::1]:51820'
contact '[2001:db8::9]:51820'
