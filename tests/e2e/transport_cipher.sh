#!/usr/bin/env bash
# Two ringwires use AES-256-GCM, or ChaCha20-Poly1305 if one end requires it, on the command line or in its
# configuration. A reload switches it at the next handshake.
#
#   a (ringwire) ------ b (ringwire)
source "$(dirname "$0")/lib.sh"
grep -qw aes /proc/cpuinfo && grep -qwE 'pclmulqdq|pmull' /proc/cpuinfo || skip "a CPU with AES instructions"

suite() { status "$1" "status['peers'][0].get('transport_suite', 'none')"; }
completed() { status "$1" "status['handshakes']['$2_completed_$3']"; }

traffic() {
  check "IPv4" pings a 10.77.0.2
  check "IPv6 the other way" pings b fd77::1
}
check_suite() {  # check_suite NAME: at both ends, in both forms of `show`
  check_equal "a: $1" "$1" "$(suite wga)"
  check_equal "b: $1" "$1" "$(suite wgb)"
  check "show says so" output_has "^  suite: $1\$" "$RINGWIRE" show wga
}

say "both on auto"
two_hosts
join_two
traffic
check_suite AES-256-GCM
check "and whose code seals and opens" output_has '^  aead: ChaCha20-Poly1305 by .*, AES-256-GCM by ' "$RINGWIRE" show wga
check_equal "the initiator counts it" 1 "$(completed wga initiator aes_256_gcm)"
check_equal "the responder counts it" 1 "$(completed wgb responder aes_256_gcm)"
stream tcp a b 10.77.0.2 5000
stream_goes_on tcp "TCP"
stream_ends tcp

say "b with --cipher=chacha20-poly1305, in both roles"
stop wgb
start b wgb chacha
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
wg set wga peer "${public[b]}" remove
join_two 192.0.2.2:51820 -
traffic
check_suite ChaCha20-Poly1305
check "show names the switch" output_has 'transport cipher: chacha20-poly1305' "$RINGWIRE" show wgb
wg set wga peer "${public[b]}" remove
wg set wgb peer "${public[a]}" remove
join_two - 192.0.2.1:51820
check "b begins" pings b 10.77.0.1
check_suite ChaCha20-Poly1305

say "b with --aead=interleaved, a with a library"
stop wgb
if ! grep -qw avx512ifma /proc/cpuinfo; then
  refused_here() { ! on b "$RINGWIRE" -f --aead=interleaved wgz 2>"$work/refused" && grep -q 'AVX-512' "$work/refused"; }
  check "refused without AVX-512" refused_here
else
  start b wgb interleaved
  set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
  wg set wga peer "${public[b]}" remove
  join_two
  traffic
  check_suite ChaCha20-Poly1305
  check "show says so" output_has '^  aead: ChaCha20-Poly1305 by interleaved' "$RINGWIRE" show wgb
  # An echo: trains in both directions.
  stream trains a b 10.77.0.2 5001
  stream_goes_on trains "TCP"
  stream_ends trains
  check "it refused no message" prints 0 drops wgb transport_invalid
  check "nor did the library" prints 0 drops wga transport_invalid
  stop wgb
  # Without an endpoint again, so that b begins below.
  wg set wga peer "${public[b]}" remove
  wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,fd77::2/128
fi

say "TransportCipher in a configuration file, and a reload"
configuration() {  # configuration CIPHER
  (umask 077 && cat >"$work/wgb.conf" <<TEXT
[Interface]
PrivateKey = ${private[b]}
ListenPort = 51820
Address = 10.77.0.2/24, fd77::2/64

[Peer]
PublicKey = ${public[a]}
AllowedIPs = 10.77.0.1/32, fd77::1/128
Endpoint = 192.0.2.1:51820
TransportCipher = $1
TEXT
  )
}
configuration chacha20-poly1305
spawn b "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf" >>"$work/wgb.log" 2>&1 &
daemon_pid[wgb]=$! daemon_host[wgb]=b
wait_until 10 "wgb is up" output_has 'inet6 fd77' ip -n b address show dev wgb up
check "b begins" pings b 10.77.0.1
check_suite ChaCha20-Poly1305
configuration auto
kill -HUP "${daemon_pid[wgb]}"
wait_until 5 "the reload" prints auto status wgb "status['peers'][0]['transport_cipher']"
check_suite ChaCha20-Poly1305
wg set wga peer "${public[b]}" remove
join_two_a() { wg set wga peer "${public[b]}" endpoint 192.0.2.2:51820 allowed-ips 10.77.0.2/32,fd77::2/128; }
join_two_a
check "a begins a new handshake" pings a 10.77.0.2
check_suite AES-256-GCM
