#!/usr/bin/env bash
# A session is replaced after REKEY_AFTER_TIME (120 s) under traffic, at a ringwire and at a wireguard-go peer: the
# handshake time changes, no TCP connection is lost, no byte is wrong, and no ping goes missing. It takes 130 s.
#
#   b (ringwire) ------ a (ringwire) ------ c (wireguard-go)
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
host c
link c eth0 a eth1
address c eth0 198.51.100.2/24
address a eth1 198.51.100.1/24
new_key c
start c wgc go
set_up c wgc c 51820 10.77.0.3/24 fd77::3/64
wg set wgc peer "${public[a]}" allowed-ips 10.77.0.1/32,fd77::1/128
wg set wga peer "${public[c]}" endpoint 198.51.100.2:51820 allowed-ips 10.77.0.3/32,fd77::3/128
session_with() { handshake wga "${public[$1]}"; }

stream to_b a b 10.77.0.2 5000
stream to_c a c fd77::3 5000
declare -A first=() ping=()
for peer in b c; do
  first[$peer]=$(session_with $peer)
  [ $peer = b ] && to=fd77::2 || to=10.77.0.3
  spawn a ping -n -i 0.1 -c 1260 $to >"$work/ping_$peer.log" &
  ping[$peer]=$!
done
for peer in b c; do
  wait_until 135 "a new session with $peer" differs "${first[$peer]}" session_with $peer
  after=$(($(session_with $peer) - ${first[$peer]}))
  ((after >= 119 && after <= 127)) || fail "the rekey with $peer came after $after s"
  echo "ok: the rekey with $peer came after $after s"
done
# every_ping FILE: each was answered once, but for the last ten: their answers ping itself may not wait for.
every_ping() {
  awk '/icmp_seq=/ { sub(/.*icmp_seq=/, ""); ++answers[$1 + 0] }
    END { for (n = 1; n <= 1260; ++n) if (answers[n] > 1 || (n <= 1250 && answers[n] != 1)) { print "ping", n, "was answered", answers[n] + 0, "times"; bad = 1 }; exit bad }' "$1"
}
for peer in b c; do
  stream_goes_on to_$peer "the TCP connection to $peer lives with the new keys"
  stream_ends to_$peer
  wait "${ping[$peer]}" || true
  check "no ping to $peer is lost or doubled" every_ping "$work/ping_$peer.log"
done
