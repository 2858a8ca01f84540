#!/usr/bin/env bash
# The private key of one end changes under traffic: the old session does not serve the new key, and the same TCP
# connection continues when the other end knows the new public key. A new preshared key keeps the session.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
stream tcp a b 10.77.0.2 5000

say "the same key again changes nothing"
before=$(handshake wga)
wg set wga private-key <(echo "${private[a]}")
stream_goes_on tcp "TCP goes on"
check_equal "the session is the same" "$before" "$(handshake wga)"

say "a new key at a"
old=${public[a]}
new_key a
wg set wga private-key <(echo "${private[a]}")
wg set wgb peer "$old" remove peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.1/32,fd77::1/128
stream_goes_on tcp "TCP goes on with the new key"
check_equal "b knows only the new key" "${public[a]}" "$(wg show wgb peers)"

say "a new preshared key on both ends"
(umask 077 && wg genpsk >"$work/psk")
wg set wga peer "${public[b]}" preshared-key "$work/psk"
wg set wgb peer "${public[a]}" preshared-key "$work/psk"
stream_goes_on tcp "TCP goes on in the session that exists"
stream_ends tcp
