#!/usr/bin/env bash
# Hosts that lack something that a tunnel does not need, or that pass an inherited descriptor; and the background
# form, which releases the descriptors of its caller.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

two_bare_hosts
start b wgb
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
(umask 077 && cat >"$work/wga.conf" <<TEXT
[Interface]
PrivateKey = ${private[a]}
ListenPort = 51820
Address = 10.77.0.1/24
[Peer]
PublicKey = ${public[b]}
Endpoint = 192.0.2.2:51820
AllowedIPs = 10.77.0.2/32
TEXT
)
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.1/32

say "read-only folders for sockets and nowhere to keep state"
# shellcheck disable=SC2016  # expanded by the inner shell
RINGWIRE_STATE_DIR=/proc/nowhere spawn a unshare --mount sh -c \
  'for folder in wireguard ringwire; do mount -t tmpfs -o ro tmpfs /run/$folder; done
   [ /var/run/wireguard -ef /run/wireguard ] || mount --rbind /run /var/run
   exec "$@"' sh "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >"$work/wga.log" 2>&1 &
daemon_pid[wga]=$! daemon_host[wga]=a
wait_until 10 "it starts" grep -q 'is ready' $work/wga.log
wait_until 10 "wga is up" output_has '10\.77\.0\.1' ip -n a address show dev wga up
check "traffic, in a session that b has begun" pings b 10.77.0.1
check_equal "a line of each process says that it has no sockets" 2 "$(grep -c 'runs without' $work/wga.log)"
check "no socket is there" test ! -e /run/wireguard/wga.sock
wait_until 5 "one line says that the state is not kept" grep -q 'handshake timestamps' $work/wga.log
stop wga

say "a descriptor of the TUN device, in the background"
wg set wgb peer "${public[a]}" remove peer "${public[a]}" allowed-ips 10.77.0.1/32
# Reading to the end of the pipe: that comes only when the background process has closed its side.
output=$(on a timeout "$patience" "$RINGWIRE_PYTHON" "$e2e_dir/tools/with_tun.py" wga "$RINGWIRE" "--io=$RINGWIRE_E2E_IO" wga 2>&1)
check "it starts, says so, and lets go of the pipe" grep -q 'wga is ready' <<<"$output"
check "wg speaks to it at once" wg setconf wga <("$RINGWIRE" strip "$work/wga.conf")
address a wga 10.77.0.1/24
ip -n a link set wga up
check "traffic" pings a 10.77.0.2
pid=$(pgrep -o -f "$RINGWIRE.*wga")
check_equal "its descriptor 0" /dev/null "$(readlink "/proc/$pid/fd/0")"
of_writer=$(readlink "/proc/$(pgrep -x rw-log)"/fd/*)
for number in 1 2; do check "its descriptor $number leads to the log" grep -qxF "$(readlink "/proc/$pid/fd/$number")" <<<"$of_writer"; done
check_equal "it is a session of its own" "$pid" "$(ps -o sid= -p "$pid" | tr -d ' ')"
check_equal "and holds no folder" / "$(readlink "/proc/$pid/cwd")"
kill -TERM "$pid"
wait_until 10 "it ends on SIGTERM" gone "$pid"
check "the interface is gone" no_interface a wga

say "what is remembered of a peer's handshakes can be forgotten"
# b has answered a's initiation, so b remembers its timestamp.
remembered() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/stamps.py" wgb | grep -F "${public[a]}" >/dev/null; }
wait_until 5 "it is kept" remembered
check "forget" "$RINGWIRE" forget wgb "${public[a]}"
wait_until 5 "it is gone" eval '! remembered'
echo "ok: it is gone from the file too"
check_fails "there is nothing more to forget" "$RINGWIRE" forget wgb "${public[a]}"
