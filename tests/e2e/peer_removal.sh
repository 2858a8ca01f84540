#!/usr/bin/env bash
# Removing a peer ends its session at once, in both directions, for traffic that is already flowing.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
count b from_a 'udp dport 51820'
spawn a ping -n -q -i 0.002 10.77.0.2 >/dev/null &
read -r received _ < <(transfer wga)
wait_until 5 "traffic from a to b" received_more wga $((received + 20000))

wg set wga peer "${public[b]}" remove
before=$(counted b from_a)
check "no ping passes" no_pings a 10.77.0.2
check_equal "not one datagram left a after the answer to the removal" "$before" "$(counted b from_a)"
check "nothing from b passes either" no_pings b 10.77.0.1
check_equal "a has no peer" "" "$(wg show wga peers)"

say "the peer comes back with a new session"
wg set wgb peer "${public[a]}" remove
join_two
check "pings pass again" pings a 10.77.0.2
