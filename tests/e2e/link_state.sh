#!/usr/bin/env bash
# A link set down stops the device in both directions, handshakes included; set up, it resumes. A persistent keepalive
# works whether it was set before or after the link came up.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
check "at first" pings a 10.77.0.2
count a from_b 'iifname "eth0" udp sport 51820'
count b from_a 'iifname "eth0" udp sport 51820'

say "down"
ip -n a link set wga down
sent=$(counted b from_a)
check "b gets no answer" no_pings b 10.77.0.1
(($(counted a from_b) > 0)) || fail "b sent nothing, so nothing was tested"
check_equal "a sent nothing while it was down" "$sent" "$(counted b from_a)"
check "wg still speaks to it" wg show wga

say "up"
ip -n a link set wga up
at_once "a reaches b" a 10.77.0.2
check "b reaches a" pings b 10.77.0.1

say "a persistent keepalive set while the link is down"
ip -n a link set wga down
wg set wga peer "${public[b]}" remove
wg set wga peer "${public[b]}" endpoint 192.0.2.2:51820 allowed-ips 10.77.0.2/32,fd77::2/128 persistent-keepalive 1
sent=$(counted b from_a)
check "nothing is sent yet" no_pings b 10.77.0.1
check_equal "nothing" "$sent" "$(counted b from_a)"
check_equal "there is no session" 0 "$(handshake wga)"
ip -n a link set wga up
wait_until 3 "the link's coming up starts a session by itself" differs 0 handshake wga
echo "ok: the link's coming up starts a session by itself"
read -r before _ < <(transfer wgb)
wait_until 4 "two keepalives" received_more wgb $((before + 63))
echo "ok: and keepalives"

say "a persistent keepalive set while the link is up"
wg set wga peer "${public[b]}" remove
wg set wga peer "${public[b]}" endpoint 192.0.2.2:51820 allowed-ips 10.77.0.2/32,fd77::2/128
check_equal "no session by itself" 0 "$(handshake wga)"
wg set wga peer "${public[b]}" persistent-keepalive 1
wait_until 3 "a session" differs 0 handshake wga
echo "ok: setting it starts a session"
