#!/usr/bin/env bash
# `show` says for each peer in one line why there is no handshake, on both sides of the mistake.
#
#   a (client) 192.0.2.1 ------ 192.0.2.2 b (gateway)
source "$(dirname "$0")/lib.sh"

two_bare_hosts
new_key other
start a wga
start b wgb
set_up a wga a 51820 10.77.0.1/24
set_up b wgb b 51820 10.77.0.2/24
(umask 077 && "$RINGWIRE" genpsk >"$work/psk")
# peers SERVER_KEY_AT_A CLIENT_KEY_AT_B [FILE_WITH_PRESHARED_KEY_OF_B]: a begins.
peers() {
  wg set wga private-key <(echo "${private[a]}") && wg set wgb private-key <(echo "${private[b]}")
  for interface in wga wgb; do wg show $interface peers | while read -r key; do wg set $interface peer "$key" remove; done; done
  wg set wgb peer "${public[$2]}" allowed-ips 10.77.0.1/32 preshared-key "${3:-/dev/null}"
  wg set wga peer "${public[$1]}" endpoint 192.0.2.2:51820 persistent-keepalive 1 allowed-ips 10.77.0.2/32
}
says() {  # says IF PATTERN
  wait_until 30 "$1 says $2" output_has "^  no handshake: $2" "$RINGWIRE" show "$1"
  echo "ok: $1 says: $2"
}

say "another server key at the client"
peers other a
says wgb 'initiations with another server key arrive from 192\.0\.2\.1:51820 \([0-9]*, the last one [0-9]* s ago\)$'
says wga 'no answer from 192\.0\.2\.2:51820 for [0-9]* s, [0-9]* initiations?; nothing came from there$'
check "both say that there was none" output_has '^  latest handshake: never$' "$RINGWIRE" show wga

say "the gateway knows another key of the client"
peers b other
says wgb "initiations with an unknown key, ${public[a]//+/\\+}, arrive from 192\.0\.2\.1:51820"
says wga 'no answer from'

say "another preshared key"
peers b a "$work/psk"
says wga 'no answer from 192\.0\.2\.2:51820 for .*; [0-9]* responses? with another preshared key arrived$'
says wgb 'initiations arrive, but the peer uses none of our [0-9]* responses: it has another preshared key'

say "all is right"
peers b a
wait_until 20 "the handshake" prints 1 eval '[ "$(handshake wga)" -gt 0 ] && echo 1'
check_fails "nothing is said any more" output_has 'no handshake|never' "$RINGWIRE" show wga
wait_until 5 "nor there" eval '! output_has "no handshake" "$RINGWIRE" show wgb'
echo "ok: nor there"

say "the other end goes away"
ip -n b link set wgb down
check "nobody answers" no_pings a 10.77.0.2
says wga 'no answer from 192\.0\.2\.2:51820 for [0-9]* s'
says wgb 'the link is down \(`ip link set wgb up`\)$'
stop wga
stop wgb

say "a name without an address"
new_key c  # of a peer that has never been there: no address of it is kept
(umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 10.77.0.1/24\n[Peer]\nPublicKey = %s\nEndpoint = nowhere.invalid:51820\nAllowedIPs = 10.77.0.2/32\n' \
  "${private[a]}" "${public[c]}" >"$work/wga.conf")
: >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
check "up" up a "$work/wga.conf"
check "the name is shown" output_has '^  endpoint: nowhere\.invalid:51820 \(no address is known\)$' "$RINGWIRE" show wga
says wga 'the name of its endpoint, nowhere\.invalid:51820, is not resolved yet$'
check "reload" on a "$RINGWIRE" reload wga
check "also after a reload" output_has 'nowhere\.invalid:51820 \(no' "$RINGWIRE" show wga
check "down" down a wga
