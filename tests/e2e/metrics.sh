#!/usr/bin/env bash
# Health and metrics: `ringwire health` while a service starts, serves and drains; `ringwire exporter` without any
# right, against real traffic, with clients that are slow, huge, malformed and many.
#
#   a 192.0.2.1 ------ 192.0.2.2 b
source "$(dirname "$0")/lib.sh"
command -v curl >/dev/null || skip "curl (./dev setup)"

two_bare_hosts
chmod 755 "$work"
mkfifo "$work/start" "$work/end"
start b wgb
set_up b wgb b 51820 10.77.0.2/24
wg set wgb peer "${public[a]}" allowed-ips 10.77.0.1/32
(umask 077 && cat >"$work/wga.conf" <<TEXT
[Interface]
PrivateKey = ${private[a]}
Address = 10.77.0.1/24
PostUp = cat $work/start >/dev/null
PreDown = cat $work/end >/dev/null
[Peer]
Name = the "gateway"
PublicKey = ${public[b]}
Endpoint = 192.0.2.2:51820
AllowedIPs = 10.77.0.2/32
TEXT
)
health() { "$RINGWIRE" health "$@"; }
says() { prints "$2" eval "health $1 2>&1 || true"; }

say "health"
check_fails "nothing is up" health wgz
up a "$work/wga.conf" &
front=$!
wait_until 10 "it starts" says wga 'ringwire: wga: starting'
check_fails "which is not ready" health wga
check_fails "nor are all" health
check "but it lives" health --live wga
: >"$work/start"
wait $front || fail "up"
check_equal "it is ready" "wga: ready, 0 of 1 peer has a session" "$(health wga)"
check "traffic" pings a 10.77.0.2
check_equal "a session is seen" "wga: ready, 1 of 1 peer has a session" "$(health wga)"
check "all are ready" health
ip -n a link set wga down
check_fails "not without its link" health wga
ip -n a link set wga up
check_soon "ready again" health wga

say "the exporter"
grep -v '^ringwire:' /etc/group >"$work/group" && mount --bind "$work/group" /etc/group
check_fails "without a group that may read the sockets it does not start" on a timeout "$patience" "$RINGWIRE" exporter
check "and says how to make it" output_has 'no group `ringwire`.*groupadd' on a timeout "$patience" "$RINGWIRE" exporter
echo 'ringwire:x:4713:' >>"$work/group"
chgrp 4713 /run/ringwire/*.sock
spawn a "$RINGWIRE" exporter --listen 127.0.0.1:9586 >>"$work/exporter.log" 2>&1 &
exporter=$!
page() { on a curl -sS --max-time "$patience" "http://127.0.0.1:9586$1"; }
code() { on a curl -s -o /dev/null -w '%{http_code}' --max-time "$patience" "http://127.0.0.1:9586$1"; }
wait_until 10 "it serves" page /healthz
check "traffic to count" pings a 10.77.0.2
page /metrics >"$work/metrics"
for line in 'ringwire_up{device="wga"} 1' 'ringwire_ready{device="wga"} 1' 'ringwire_peers_with_session{device="wga"} 1' \
  "wireguard_peer_info{device=\"wga\",public_key=\"${public[b]}\",endpoint=\"192.0.2.2:51820\",name=\"the \\\\\"gateway\\\\\"\"} 1" \
  'ringwire_up{device="wgb"} 1'; do
  grep -qxF -- "$(printf '%b' "$line")" "$work/metrics" || { grep -E 'up|ready|info' "$work/metrics" >&2; fail "no $line"; }
done
echo "ok: it has both interfaces, the peer and its name"
read -r received sent < <(transfer wga)
check_equal "the bytes are those of wg" "$received $sent" \
  "$(page /metrics | awk '/^wireguard_peer_receive_bytes_total.*wga/ { r = $2 } /^wireguard_peer_transmit_bytes_total.*wga/ { print r, $2 }')"
check_fails "no secret is in it" grep -qF -e "${private[a]}" -e "${private[b]}" "$work/metrics"
check_equal "ready" 200 "$(code /readyz)"
check_equal "no other page" 404 "$(code /etc/passwd)"
check_equal "nor a page for people, unless asked for" '404 404 404' "$(code /) $(code /page/summary) $(code /page/peers)"

say "the page"
spawn a "$RINGWIRE" exporter --page --listen 127.0.0.1:9587 >>"$work/page.log" 2>&1 &
with_page=$!
of_page() { on a curl -sS --max-time "$patience" "http://127.0.0.1:9587$1"; }
wait_until 10 "it serves" of_page /healthz
on a curl -sS -D "$work/head" -o "$work/document" "http://127.0.0.1:9587/"
check "it is a document" grep -q '<title>ringwire</title>' "$work/document"
check "a browser runs its own script alone" grep -q "^Content-Security-Policy: default-src 'none'; script-src 'sha256-[^']*'; style-src" "$work/head"
wait_until 10 "its interfaces" output_has '"name":"wga","answers":true,"ready":true' of_page /page/summary
of_page /page/summary >"$work/summary"
of_page /page/peers >"$work/peers"
check "the peer is on its list" grep -qF "[\"wga\",\"the \\\"gateway\\\"\",\"${public[b]}\",\"192.0.2.2:51820\",\"10.77.0.2/32\"" "$work/peers"
check_fails "the summary has no peers" grep -qF 10.77.0.2/32 "$work/summary"
check_fails "no secret is in them" grep -qF -e "${private[a]}" -e "${private[b]}" "$work/summary" "$work/peers" "$work/document"
more_samples() { (($(of_page /page/summary | grep -o '\[1[0-9]\{12\},' | wc -l) > 2)); }
wait_until 20 "its history grows" more_samples
kill -TERM $with_page
wait $with_page || fail "the exporter with a page does not end well"

say "its rights"
# shellcheck disable=SC2046  # words
set -- $(awk '/^(Uid|CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp|Groups):/ { print $2 }' "/proc/$exporter/status")
[ "$1" != 0 ] || fail "it is root"
check_equal "one group, no capability, filtered" "4713 0000000000000000 0000000000000000 0000000000000000 1 2" "$2 $3 $4 $5 $6 $7"

say "bad clients"
on a "$RINGWIRE_PYTHON" - <<'PYTHON' || fail "a client hung"
import socket
def connect():
    s = socket.create_connection(("127.0.0.1", 9586)); s.settimeout(60); return s
slow = [connect() for _ in range(100)]          # more than it keeps
for s in slow: s.send(b"GET /metrics HT")
s = connect(); s.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 100000); assert b" 431 " in s.recv(100), "huge"
s = connect(); s.sendall(b"\x16\x03\x01\0\0garbage\r\n\r\n"); assert b" 400 " in s.recv(100), "garbage"
s = connect(); s.sendall(b"POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n"); assert b" 405 " in s.recv(100), "POST"
many = [connect() for _ in range(60)]
for s in many: s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
never = connect(); never.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")  # reads nothing
answered = sum(1 for s in many if s.recv(12).endswith(b" 200"))
assert answered >= 50, answered
PYTHON
check_equal "it serves on" 200 "$(code /metrics)"
check "it is the same process" alive $exporter

say "draining is not ready"
on a "$RINGWIRE" down wga &
front=$!
wait_until 10 "it drains" says wga 'ringwire: wga: draining'
check_equal "/readyz says so" 503 "$(code /readyz)"
check "and why" output_has '^wga: draining' page /readyz
check "packets still flow" pings a 10.77.0.2
: >"$work/end"
wait $front || fail "down"
check_equal "the other one is ready" 200 "$(code /readyz)"
kill -TERM $exporter
wait $exporter || fail "the exporter does not end well"
echo "ok: it ends on SIGTERM"
