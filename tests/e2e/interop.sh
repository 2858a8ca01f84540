#!/usr/bin/env bash
# Traffic in both roles, IPv4 and IPv6 inside, with and without a preshared key, against the given implementation and
# over the given family outside: `interop.sh ringwire|go 4|6`.
#
#   a (ringwire) ------ b (ringwire or wireguard-go)
source "$(dirname "$0")/lib.sh"
kind=${1:-ringwire} outside=${2:-4}
if [ "$outside" = 4 ]; then at_a=192.0.2.1:51820 at_b=192.0.2.2:51820; fi
if [ "$outside" = 6 ]; then at_a='[2001:db8::1]:51820' at_b='[2001:db8::2]:51820'; fi

separate() {
  wg set wga peer "${public[b]}" remove
  wg set wgb peer "${public[a]}" remove
}

session() {  # session INITIATOR A_KEY B_KEY: a new one; only the initiator knows where the other is
  separate
  if [ "$1" = a ]; then join_two "$at_b" -; else join_two - "$at_a"; fi
  wg set wga peer "${public[b]}" preshared-key <(echo "$2")
  wg set wgb peer "${public[a]}" preshared-key <(echo "$3")
}

traffic() {  # traffic INITIATOR
  local first=(a 2) second=(b 1)
  [ "$1" = a ] || { first=(b 1) second=(a 2); }
  check "begun by $1: IPv4" pings "${first[0]}" "10.77.0.${first[1]}"
  check "begun by $1: IPv6" pings "${first[0]}" "fd77::${first[1]}"
  check "begun by $1: IPv4 the other way" pings "${second[0]}" "10.77.0.${second[1]}"
  check "begun by $1: IPv6 the other way" pings "${second[0]}" "fd77::${second[1]}"
}

two_hosts ringwire "$kind"
none=$(head -c 32 /dev/zero | base64) psk=$(wg genpsk)
for initiator in a b; do
  say "without a preshared key"
  session $initiator "$none" "$none"
  traffic $initiator
  say "with a preshared key"
  session $initiator "$psk" "$psk"
  traffic $initiator
  say "with different preshared keys"
  session $initiator "$psk" "$none"
  [ $initiator = a ] && to=10.77.0.2 || to=10.77.0.1
  check "no traffic" no_pings $initiator $to
  check_equal "no handshake" "0 0" "$(handshake wga) $(handshake wgb)"
done
