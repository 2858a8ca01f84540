#!/usr/bin/env bash
# Keys as wg shows and accepts them: a private key is clamped, /dev/null clears it, the own key is refused as a peer,
# low-order public keys never make a session.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

hexadecimal() { base64 -d | od -An -v -tx1 | tr -d ' \n'; }
two_hosts

say "clamping"
unclamped=$(printf '\377%.0s' {1..32} | base64)
wg set wga private-key <(echo "$unclamped")
check_equal "an unclamped key is shown clamped" "f8$(printf 'ff%.0s' {1..30})7f" "$(wg show wga private-key | hexadecimal)"
check_equal "its public key is the same as wg's" "$(wg pubkey <<<"$unclamped")" "$(wg show wga public-key)"

say "clearing"
wg set wga private-key /dev/null
check_equal "no private key" '(none)' "$(wg show wga private-key)"
check_equal "no public key" '(none)' "$(wg show wga public-key)"
wg set wga private-key <(echo "${private[a]}")
join_two
psk=$(wg genpsk)
wg set wga peer "${public[b]}" preshared-key <(echo "$psk")
check_equal "a preshared key is shown" "$psk" "$(wg show wga preshared-keys | cut -f 2)"
wg set wga peer "${public[b]}" preshared-key /dev/null
check_equal "and cleared" '(none)' "$(wg show wga preshared-keys | cut -f 2)"
check "traffic" pings a 10.77.0.2

say "the own key as a peer"
check "is accepted" wg set wga peer "${public[a]}" allowed-ips 10.77.0.2/32 endpoint 192.0.2.9:9
check_equal "and is nobody" "${public[b]}" "$(wg show wga peers)"
check_equal "its lines have no effect" "10.77.0.2/32 fd77::2/128" "$(wg show wga allowed-ips | cut -f 2)"
check "traffic goes on" pings a 10.77.0.2
wg set wga peer "$(wg pubkey <<<"${private[b]}")" allowed-ips 10.77.0.2/32,fd77::2/128
wg set wgb private-key <(echo "${private[a]}")
check_equal "a new own key that equals a peer removes that peer" "" "$(wg show wgb peers)"
wg set wgb private-key <(echo "${private[b]}")

say "public keys of low order"
low_order=(
  0000000000000000000000000000000000000000000000000000000000000000
  0100000000000000000000000000000000000000000000000000000000000000
  e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800
  5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157
  ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
  edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
  eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
)
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.1/32,fd77::1/128
count b handshakes 'udp dport 7'
number=0
for key in "${low_order[@]}"; do
  number=$((number + 1))
  peer=$(for ((i = 0; i < 64; i += 2)); do printf "\\x${key:i:2}"; done | base64)
  wg set wga peer "$peer" endpoint 192.0.2.2:7 allowed-ips "10.66.0.$number/32"
  ip -n a route replace "10.66.0.$number/32" dev wga
  no_pings a "10.66.0.$number" -c 1 -W 0.2 || fail "an answer from a peer of low order"
done
check_equal "no initiation was sent to any of the ${#low_order[@]}" 0 "$(counted b handshakes)"
at_once "the others' traffic goes on" b 10.77.0.1
