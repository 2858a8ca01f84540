#!/usr/bin/env bash
# `ringwire run CONFIG`: applies the whole file in the foreground and undoes it on SIGTERM; and the output of `show`.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

two_bare_hosts
psk=$(wg genpsk)
configuration() {  # configuration NAME PEER ADDRESSES PEER_ALLOWED ENDPOINT
  (umask 077 && cat >"$work/wg$1.conf" <<TEXT
# A comment, and keys in any case
[interface]
privatekey = ${private[$1]}
ListenPort = 51820
Address = $3
MTU = 1380

[Peer]
PublicKey = ${public[$2]}
PresharedKey = $psk
AllowedIPs = $4
Endpoint = $5
PersistentKeepalive = 7
TEXT
  )
}
run() {  # run HOST IF
  spawn "$1" "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/$2.conf" >>"$work/$2.log" 2>&1 &
  daemon_pid[$2]=$! daemon_host[$2]=$1
  wait_until 10 "$2 is up" output_has 'inet6 fd77' ip -n "$1" address show dev "$2" up
}
configuration a b '10.77.0.1/24, fd77::1/64' '10.77.0.2/32, fd77::2/128' 192.0.2.2:51820
configuration b a '10.77.0.2/24, fd77::2/64' '10.77.0.1/32, fd77::1/128' 192.0.2.1:51820
run a wga
run b wgb
check "IPv4" pings a 10.77.0.2
check "IPv6" pings b fd77::1
kept() { grep -aqs '^ringwire-stamps ' /var/lib/ringwire/wg[ab].stamps*; }
check_soon "the one that answered keeps the handshake's timestamp" kept
check "the MTU of the file" output_has 'mtu 1380' ip -n a link show wga
check_equal "wg shows the port" 51820 "$(wg show wga listen-port)"
check_equal "wg shows the keepalive" 7 "$(wg show wga persistent-keepalive | cut -f 2)"
check_equal "wg shows the preshared key" "$psk" "$(wg show wga preshared-keys | cut -f 2)"

say "show"
"$RINGWIRE" show wga >"$work/show"
for line in 'interface: wga' "public key: ${public[a]}" 'listening port: 51820' "peer: ${public[b]}" \
  'endpoint: 192.0.2.2:51820' 'allowed ips: 10.77.0.2/32, fd77::2/128' 'latest handshake:' 'transfer:' \
  'persistent keepalive: every 7 seconds'; do
  grep -qF "$line" "$work/show" || { cat "$work/show" >&2; fail "show has no '$line'"; }
done
echo "ok: show has what wg show has"
for secret in "${private[a]}" "$psk"; do
  if "$RINGWIRE" show wga | grep -F "$secret" >/dev/null; then fail "show prints a secret"; fi
  if "$RINGWIRE" show wga --json | grep -F "$secret" >/dev/null; then fail "show --json prints a secret"; fi
done
echo "ok: no secret in it"
check_equal "show --json: the peer" "${public[b]}" "$(status wga "status['peers'][0]['public_key']")"
check_equal "show --json: the backend of every worker" "$RINGWIRE_E2E_IO" \
  "$(status wga "' '.join(sorted({worker['backend'] for worker in status['workers']}))")"
check "show without a name shows both" output_has 'interface: wgb' "$RINGWIRE" show

say "reload by SIGHUP keeps the session"
stream tcp a b 10.77.0.2 5000
session=$(handshake wga)
sed -i 's/PersistentKeepalive = 7/PersistentKeepalive = 9/' "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "the new keepalive" output_has '\b9$' wg show wga persistent-keepalive
stream_goes_on tcp "TCP goes on"
check_equal "in the same session" "$session" "$(handshake wga)"
sed -i 's/^MTU = .*/MTU = many/' "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "the error is logged with its position" grep -Eq 'wga\.conf:6:[0-9]+: ' "$work/wga.log"
stream_goes_on tcp "a broken file changes nothing"
stream_ends tcp

say "SIGTERM and SIGINT undo everything"
stop wga
kill -INT "${daemon_pid[wgb]}"
ended wgb "SIGINT ends it"
check "the interface is gone" no_interface b wgb
