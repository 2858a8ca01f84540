#!/usr/bin/env bash
# The ways in which an interface ends: its process exits cleanly and leaves nothing; a namespace may go in any order.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

host a
say "the interface is deleted"
start a wga
check "ip link delete" ip -n a link delete wga
ended wga "the process ends by itself"
check "its control socket is gone" test ! -e /run/wireguard/wga.sock

say "the control socket is deleted"
start a wga
rm /run/wireguard/wga.sock
ended wga "the process ends by itself"
check "its interface is gone" no_interface a wga

say "the control socket is deleted before the device serves it"
for _ in {1..5}; do
  spawn a "$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" wga >>"$work/wga.log" 2>&1 &
  daemon_pid[wga]=$! daemon_host[wga]=a
  deadline=$((SECONDS + patience))
  until rm /run/wireguard/wga.sock 2>/dev/null; do ((SECONDS < deadline)) || fail "no control socket"; done
  ended wga "the process ends by itself"
done

say "the same name again, after a crash that left the socket"
start a wga
kill_hard wga
start a wga
check "wg speaks to the new process" wg show wga
stop wga

say "SIGTERM with traffic and a session"
ip netns delete a
two_hosts
join_two
check "traffic" pings a 10.77.0.2
spawn a ping -n -q -i 0.002 10.77.0.2 >/dev/null &
pinging=$!
wait_until 5 "more traffic" received_more wga 20000
stop wga
kill "$pinging"
wait "$pinging" || true

say "the namespace loses its name first, then the process ends"
namespaces() { lsns -n -t net -o NS | sort -u | wc -l; }
before=$(namespaces)
ip netns delete b
check "the process still serves wg" wg show wgb
kill -TERM "${daemon_pid[wgb]}"
ended wgb "the process ends on SIGTERM"
wait_until 5 "one network namespace fewer" prints $((before - 1)) namespaces
echo "ok: the namespace is gone with the process"
check_equal "no control socket is left" "" "$(ls -A /run/wireguard)"
