#!/usr/bin/env bash
# From a gateway to a first client: `add-peer` prints a file with which the client connects at once, `remove-peer` takes
# it away again, both live and in the file.
#
#   a (gateway) 192.0.2.1 ------ 192.0.2.2 b (client)
source "$(dirname "$0")/lib.sh"

two_bare_hosts
conf=$work/wga.conf
(umask 077 && cat >"$conf" <<TEXT
# The gateway of the office
[Interface]
PrivateKey = ${private[a]}
ListenPort = 51820
Address = 10.77.0.1/24, fd77::1/64
TEXT
)
cp "$conf" "$work/before"
add() { on a "$RINGWIRE" add-peer "$conf" "$@"; }

say "into a file whose interface is not up"
add cold --endpoint gw.example.com >"$work/cold.conf" 2>"$work/warning"
check "it says so" grep -q 'wga is not up' "$work/warning"
check "the client's file is right" "$RINGWIRE" check "$work/cold.conf"
check "the port is the gateway's" grep -qx 'Endpoint = gw.example.com:51820' "$work/cold.conf"
check "remove-peer" on a "$RINGWIRE" remove-peer "$conf" cold
check_equal "its mode" 600 "$(stat -c %a "$conf")"

say "live"
check "up" up a "$conf"
(umask 077 && add phone --endpoint 192.0.2.1 >"$work/wgb.conf")
check "the client is up" up b "$work/wgb.conf"
check "IPv4" pings b 10.77.0.1
check "IPv6" pings b fd77::1
check "its name is shown" output_has '^peer: phone$' "$RINGWIRE" show wga
check_equal "in the network alone" "10.77.0.0/24 fd77::/64" "$(wg show wgb allowed-ips | cut -f 2)"
add laptop --full-tunnel --endpoint 192.0.2.1:51820 >"$work/laptop.conf"
check "the next one has the next address" grep -qx 'Address = 10.77.0.3/32, fd77::3/128' "$work/laptop.conf"
check "and everything in the tunnel" grep -qx 'AllowedIPs = 0.0.0.0/0, ::/0' "$work/laptop.conf"

say "refused"
cp "$conf" "$work/kept"
check_fails "the same name again" add phone
check "is named" output_has 'there is a peer `phone` already' add phone
check_fails "a name that breaks the file" add 'a
[Peer]'
check_fails "remove-peer of nobody" on a "$RINGWIRE" remove-peer "$conf" nobody
check "the file is as before" cmp "$conf" "$work/kept"

say "a QR code"
if ldconfig -p | grep libqrencode.so.4 >/dev/null; then
  add tablet --qr --endpoint 192.0.2.1 >"$work/tablet"
  check "is printed below the file" grep -q '█' "$work/tablet"
else
  check "without the library it says what to install" output_has 'libqrencode4' add tablet --qr
  check "and adds nobody" cmp "$conf" "$work/kept"
fi

say "away"
check "remove-peer by name" on a "$RINGWIRE" remove-peer "$conf" phone
check "it is cut off at once" no_pings b 10.77.0.1
check_fails "and in the file no more" grep -q phone "$conf"
check "what else was in the file is there" grep -qx '# The gateway of the office' "$conf"
check "down" down b wgb
check "down" down a wga
