#!/usr/bin/env bash
# Several TCP connections at once, both directions, IPv4 and IPv6 inside; and through IPv6 outside.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"
command -v iperf3 >/dev/null || skip "iperf3"

two_hosts
join_two
run() {  # run WHAT ADDRESS [IPERF OPTIONS]: every one of four connections moves data
  local what=$1 to=$2
  shift 2
  spawn b iperf3 -s -1 -p 5201 >"$work/server.log" 2>&1 &
  local server=$!
  wait_until 5 "iperf3 listens" listening b 5201
  on a timeout "$patience" iperf3 -c "$to" -p 5201 -t 1 -P 4 -J "$@" >"$work/iperf.json" || { cat "$work/iperf.json" >&2; fail "$what"; }
  wait $server || fail "$what: the server"
  "$RINGWIRE_PYTHON" - "$what" "$work/iperf.json" <<'PYTHON' || fail "$what"
import json, sys
end = json.load(open(sys.argv[2]))["end"]
streams = [stream["receiver"]["bytes"] for stream in end["streams"]]
assert len(streams) == 4 and min(streams) > 0, streams
print(f"ok: {sys.argv[1]}: {end['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s, four connections of {min(streams)} bytes or more")
PYTHON
}
run "IPv4, a to b" 10.77.0.2
run "IPv4, b to a" 10.77.0.2 -R
run "IPv6, a to b" fd77::2
run "IPv6, b to a" fd77::2 -R
say "UDP at 20 Mbit/s in datagrams of 1,000 bytes"
few_are_lost() {
  local server
  spawn b iperf3 -s -1 -p 5201 >"$work/server.log" 2>&1 &
  server=$!
  wait_until 5 "iperf3 listens" listening b 5201
  on a timeout "$patience" iperf3 -c 10.77.0.2 -p 5201 -t 1 -u -b 20M -l 1000 -J >"$work/iperf.json"
  wait $server
  "$RINGWIRE_PYTHON" -c "import json, sys; sys.exit(json.load(open('$work/iperf.json'))['end']['sum']['lost_percent'] >= 2)"
}
check "less than 2 % is lost" tries few_are_lost
say "IPv6 outside"
wg set wga peer "${public[b]}" endpoint '[2001:db8::2]:51820'
wg set wgb peer "${public[a]}" endpoint '[2001:db8::1]:51820'
run "IPv4 in IPv6, a to b" 10.77.0.2
check_equal "over IPv6 to the end" '[2001:db8::1]:51820' "$(endpoint wgb)"
