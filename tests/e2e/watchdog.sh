#!/usr/bin/env bash
# The service manager's watchdog (sd_notify): fed while the tunnel is idle, not while the relay, with its control thread and its
# workers, is stopped, and again when that goes on. A reload is announced and ended.
source "$(dirname "$0")/lib.sh"

two_bare_hosts
(umask 077 && printf '[Interface]\nPrivateKey = %s\n' "${private[a]}" >"$work/wga.conf")
# The manager: writes each message on a line.
"$RINGWIRE_PYTHON" -uc '
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
while True:
    print(manager.recv(4096).decode().replace("\n", " "))' "$work/manager" >"$work/told" &
wait_until 5 "the manager listens" test -S "$work/manager"
# 1.6 s: a heartbeat each 0.4 s.
(spawn a env NOTIFY_SOCKET="$work/manager" WATCHDOG_USEC=1600000 "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >"$work/wga.log" 2>&1) &
daemon_pid[wga]=$! daemon_host[wga]=a
wait_until 10 "it is ready" grep -qx 'READY=1' "$work/told"
beats() { grep -cx 'WATCHDOG=1' "$work/told" || true; }
more_than() { (($(beats) > $1)); }
check_soon "an idle tunnel feeds the watchdog" more_than 2
relay=$(pgrep -P "${daemon_pid[wga]}" | head -n 1)
kill -STOP "$relay"
before=$(beats)
pause 3  # longer than seven heartbeats
(($(beats) <= before + 1)) || fail "a stopped relay feeds the watchdog"
echo "ok: a stopped relay does not"
kill -CONT "$relay"
check_soon "when it goes on, it does" more_than $((before + 1))
on a "$RINGWIRE" reload wga
check "a reload begins" grep -q '^RELOADING=1 MONOTONIC_USEC=[0-9]' "$work/told"
check "and ends" grep -qx 'READY=1 STATUS=reloaded' "$work/told"
