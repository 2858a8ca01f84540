#!/usr/bin/env bash
# The link is followed through the kernel's notifications: its MTU, and its move to another network namespace, while the
# UDP sockets stay where the process was started.
#
#   a (the sockets of wga) ------ b          c (where wga is moved to; no link of its own)
source "$(dirname "$0")/lib.sh"

mtu_and_state() { status wga "f\"{status['mtu']} {'up' if status['link_up'] else 'down'}\""; }
seen() {  # seen WHAT WANTED
  wait_until 3 "$1" prints "$2" mtu_and_state
  echo "ok: $1"
}
two_hosts
join_two
host c
check "at first" pings b 10.77.0.1
seen "as it was set" '1420 up'
ip -n a link set wga mtu 1300
seen "another MTU" '1300 up'

say "moved to c"
ip -n a link set wga netns c
seen "the kernel closes a link that it moves" '1300 down'
address c wga 10.77.0.1/24 fd77::1/64
ip -n c link set wga up
seen "set up there" '1300 up'
check "c reaches b through a's sockets" pings c 10.77.0.2
check "and b reaches c" pings b fd77::1
check_equal "a has no such interface" '' "$(ip -n a -o link show type tun)"
ip -n c link set wga mtu 1280
seen "another MTU there" '1280 up'
ip -n c link set wga down
seen "set down there" '1280 down'
check "b gets no answer" no_pings b 10.77.0.1
ip -n c link set wga up
seen "and up again" '1280 up'
# c, for b still holds the session that the link has forgotten.
at_once "c reaches b again" c 10.77.0.2
check "and b reaches c" pings b 10.77.0.1

say "c is deleted, and the interface with it"
ip netns delete c
ended wga "the process ends by itself"
check "its control socket is gone" test ! -e /run/wireguard/wga.sock
