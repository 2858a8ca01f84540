#!/usr/bin/env bash
# A gateway that is killed and started again initiates to the client that was alive: the client sends nothing, and the gateway's
# configuration has no endpoint for it.
#
#   a (is killed) ------ b
source "$(dirname "$0")/lib.sh"

two_hosts
join_two - 192.0.2.1:51820
check "a session, begun by b" pings b 10.77.0.1
kept() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/stamps.py" wga | grep -F "${public[b]}" >/dev/null; }
wait_until 5 "its timestamp and endpoint are written" kept
wg showconf wga | grep -v '^Endpoint' >"$work/wga.conf"

say "a is killed and started again"
kill_hard wga
start a wga
wg setconf wga "$work/wga.conf"
ip -n a link set wga up
wait_until 10 "a session, begun by a" eval '[ "$(handshake wga)" != 0 ]'
address a wga 10.77.0.1/24 fd77::1/64
check "traffic is back" pings a 10.77.0.2

say "and with the switch off it waits for its client"
kill_hard wga
LOG_LEVEL=debug spawn a "$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" --warm-restart=off wga >>"$work/wga.log" 2>&1 &
daemon_pid[wga]=$! daemon_host[wga]=a daemon_kind[wga]=ringwire
wait_until 10 "wga is ready" ready a wga
wg setconf wga "$work/wga.conf"
ip -n a link set wga up
address a wga 10.77.0.1/24 fd77::1/64
check "nothing leads to b" no_pings a 10.77.0.2
check_equal "no session" 0 "$(handshake wga)"
