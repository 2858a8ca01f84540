#!/usr/bin/env bash
# The control socket as programs other than wg use it, with its special cases.
#
#   a (one interface, no traffic)
source "$(dirname "$0")/lib.sh"

uapi() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/uapi.py" "$@"; }
ask() { printf '%b' "$1" | uapi call wga; }
host a
start a wga
new_key a b
b_hex=$(base64 -d <<<"${public[b]}" | od -An -v -tx1 | tr -d ' \n')

check_equal "the socket's mode" 600 "$(stat -c %a /run/wireguard/wga.sock)"
check_equal "the folder's mode" 755 "$(stat -c %a /run/wireguard)"
check_equal "nothing else is in the folder" wga.sock "$(ls -A /run/wireguard)"
check "several operations on one connection" uapi many wga
check "the answer to a set comes in one write" uapi one_read wga
check "a request may come in pieces" uapi slow_writer wga

say "errors"
check_equal "an unknown key of a set: negative, and nothing is applied" errno=-22 "$(ask 'set=1\nfwmark=5\nnonsense=1\n\n')"
check_equal "the mark is as before" 0x9 "$(wg show wga fwmark)"
check_equal "a bad value" errno=-22 "$(ask 'set=1\nlisten_port=65536\n\n')"
check_equal "a bad line in the second peer spoils the first too" errno=-22 \
  "$(ask "set=1\npublic_key=$b_hex\nallowed_ip=10.0.0.0/8\npublic_key=xyz\n\n")"
check_equal "no peer was made" "" "$(wg show wga peers)"
check "an unknown operation is answered with an error" output_has '^errno=-?[1-9]' ask 'frobnicate=1\n\n'

say "what get shows"
wg set wga private-key <(echo "${private[a]}") listen-port 51820 fwmark 0
ask "set=1\npublic_key=$b_hex\nupdate_only=true\nallowed_ip=10.0.0.0/8\n\n" >/dev/null
check_equal "update_only makes no peer" "" "$(wg show wga peers)"
ask "set=1\npublic_key=$b_hex\nallowed_ip=10.0.0.0/8\nendpoint=[2001:db8::7]:77\npersistent_keepalive_interval=25\n\n" >/dev/null
answer=$(ask 'get=1\n\n')
for line in "private_key=$(base64 -d <<<"${private[a]}" | od -An -v -tx1 | tr -d ' \n')" listen_port=51820 \
  "public_key=$b_hex" "endpoint=[2001:db8::7]:77" allowed_ip=10.0.0.0/8 persistent_keepalive_interval=25 tx_bytes= \
  rx_bytes=0 protocol_version=1 errno=0; do
  grep -qF "$line" <<<"$answer" || fail "get does not show $line"
done
echo "ok: every line is there"
check_equal "it ends with errno=0" errno=0 "$(tail -n 1 <<<"$answer")"
if grep -q '^last_handshake_time_sec=[1-9]' <<<"$answer"; then fail "a handshake time without a handshake"; fi

say "unchanged values reopen nothing"
sockets() { on a ss -Hlunx | awk '/51820/ { print }' | sort; on a ss -Hlune | awk '/51820/ { print $0 }' | grep -o 'ino:[0-9]*' | sort; }
before=$(sockets)
wg set wga private-key <(echo "${private[a]}") listen-port 51820 fwmark 0
check_equal "the sockets are the same" "$before" "$(sockets)" >/dev/null
echo "ok: the sockets are the same"

say "clients that stall"
{
  printf '[Interface]\nPrivateKey=%s\n[Peer]\nPublicKey=%s\n' "${private[a]}" "${public[b]}"
  for i in {0..7}; do for j in {0..255}; do echo "AllowedIPs=10.$i.$j.0/24"; done; done
} >"$work/many.conf"
check "2,048 prefixes" wg setconf wga "$work/many.conf"
for _ in 1 2 3; do uapi stalled wga $((3 * ${RINGWIRE_SLOWNESS:-1})) & done
stalled=$(jobs -p | tail -n 3)
quick() {
  local begin=${EPOCHREALTIME/./}
  wg show wga allowed-ips >"$work/shown"
  local took=$((${EPOCHREALTIME/./} - begin))
  ((took < 1000000 * ${RINGWIRE_SLOWNESS:-1})) || fail "wg show took $took us"
}
for _ in {1..20}; do quick; done
echo "ok: twenty wg show, none delayed, beside three clients that never read"
check_equal "and complete" 2048 "$(cut -f 2 "$work/shown" | wc -w)"
# shellcheck disable=SC2086  # a list of process numbers
wait $stalled || fail "a stalled client failed in an unexpected way"
check "afterwards the socket still answers" wg show wga
