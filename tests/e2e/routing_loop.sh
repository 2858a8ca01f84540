#!/usr/bin/env bash
# An endpoint that the routing table sends into the tunnel itself: nothing crashes, nothing grows, and the tunnel works
# again when the endpoint is right.
#
#   a: the peer's endpoint is inside the peer's own allowed IPs; then two tunnels whose endpoints lie in each other
source "$(dirname "$0")/lib.sh"

sent_by() { ip -n a -s link show "$1" | awk '/TX:/ { getline; print $1 }'; }  # bytes that the host put into the tunnel
bounded() {  # bounded IF WHAT: at rest soon, and not much was sent
  local before
  before=$(sent_by "$1")
  no_pings a 10.77.0.2 -c 1 || fail "$2: an answer out of nowhere"
  local grown=$(($(sent_by "$1") - before))
  ((grown < 70000)) || fail "$2: one ping put $grown bytes into the tunnel"
  echo "ok: $2: one ping put $grown bytes into the tunnel"
}
two_hosts
join_two
check "at first" pings a 10.77.0.2

say "the endpoint inside its own tunnel"
wg set wga peer "${public[b]}" endpoint 10.77.0.2:51820
bounded wga "in a session"
wg set wga peer "${public[b]}" remove
wg set wga peer "${public[b]}" endpoint 10.77.0.2:51820 allowed-ips 10.77.0.2/32
bounded wga "without a session"

say "two tunnels in each other"
start a wgx
new_key x
set_up a wgx x 51830 10.78.0.1/24
wg set wgx peer "$(wg genkey | wg pubkey)" endpoint 10.77.0.2:7 allowed-ips 10.78.0.2/32 persistent-keepalive 1
wg set wga peer "${public[b]}" endpoint 10.78.0.2:7
bounded wga "through wga"
bounded wgx "through wgx"

wg set wga peer "${public[b]}" endpoint 192.0.2.2:51820
check "with the right endpoint again" pings a 10.77.0.2  # waits for the retry of the handshake
alive "${daemon_pid[wga]}" || fail "the daemon of wga is gone"
