#!/usr/bin/env bash
# wg setconf, showconf, addconf and syncconf: the output equals the input, and syncconf keeps the session of every
# remaining peer.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
wg set wga peer "${public[b]}" persistent-keepalive 25 preshared-key /dev/null
stream tcp a b 10.77.0.2 5000
session=$(handshake wga)

wg showconf wga >"$work/shown.conf"
for line in "ListenPort = 51820" "PrivateKey = ${private[a]}" "PublicKey = ${public[b]}" "Endpoint = 192.0.2.2:51820" \
  "PersistentKeepalive = 25" "AllowedIPs = 10.77.0.2/32, fd77::2/128"; do
  grep -qF "$line" "$work/shown.conf" || fail "wg showconf has no line $line"
done
echo "ok: wg showconf shows all of it"

check "wg syncconf with the same file" wg syncconf wga "$work/shown.conf"
stream_goes_on tcp "TCP goes on"
check_equal "in the same session" "$session" "$(handshake wga "${public[b]}")"

third=$(wg genkey | wg pubkey)
printf '\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.77.0.9/32\n' "$third" >"$work/third.conf"
cat "$work/shown.conf" "$work/third.conf" >"$work/both.conf"
check "wg syncconf with one more peer" wg syncconf wga "$work/both.conf"
check_equal "there are two" "$(printf '%s\n' "${public[b]}" "$third" | sort)" "$(wg show wga peers | sort)"
check "wg syncconf without it" wg syncconf wga "$work/shown.conf"
check_equal "there is one" "${public[b]}" "$(wg show wga peers)"
check "wg addconf adds it again" wg addconf wga "$work/third.conf"
check_equal "there are two again" 2 "$(wg show wga peers | wc -l)"
stream_goes_on tcp "TCP goes on"
check_equal "in the same session still" "$session" "$(handshake wga "${public[b]}")"

check "wg setconf replaces everything" wg setconf wga "$work/shown.conf"
check_equal "one peer" "${public[b]}" "$(wg show wga peers)"
stream_goes_on tcp "TCP goes on in a new session"
stream_ends tcp

wg show wga dump >"$work/dump"
check_equal "wg show dump: the interface's fields" 4 "$(awk 'NR == 1 { print NF }' FS='\t' "$work/dump")"
check_equal "wg show dump: a peer's fields" 8 "$(awk 'NR == 2 { print NF }' FS='\t' "$work/dump")"
check "wg show names the interface" output_has '^interface: wga' wg show
