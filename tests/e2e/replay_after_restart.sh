#!/usr/bin/env bash
# An initiation captured before a crash is refused after it: ringwire keeps the greatest handshake timestamp of each
# peer across restarts.
#
#   a (is killed) ------ b
source "$(dirname "$0")/lib.sh"
command -v tcpdump >/dev/null || skip "tcpdump"

two_hosts
spawn b tcpdump -Z root -U -n -i eth0 -w "$work/seen.pcap" 'udp dst port 51820 and src 192.0.2.2' >"$work/tcpdump.log" 2>&1 &
wait_until 5 "the capture" grep -q 'listening on' "$work/tcpdump.log"
join_two - 192.0.2.1:51820
check "a session, begun by b" pings b 10.77.0.1
initiation() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/datagram.py" payloads "$work/seen.pcap" 51820 | grep '^01' | sed -n 1p; }
wait_until 5 "the initiation is captured" initiation
initiation >"$work/initiation"
stamped() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/stamps.py" wga | grep -F "${public[b]}" >/dev/null; }
wait_until 5 "the timestamp is written" stamped
wg showconf wga >"$work/wga.conf"
wg set wgb peer "${public[a]}" remove

say "a is killed and started again"
kill_hard wga
start a wga
wg setconf wga "$work/wga.conf"
ip -n a link set wga up
on b "$RINGWIRE_PYTHON" "$e2e_dir/tools/datagram.py" send 192.0.2.2 51820 192.0.2.1 51820 <"$work/initiation"
wait_until 5 "the replayed initiation is counted as such" dropped_more wga initiation_replayed 0
check_equal "no session came of it" 0 "$(handshake wga)"
address a wga 10.77.0.1/24 fd77::1/64
join_two - 192.0.2.1:51820
check "a new initiation is welcome" pings b 10.77.0.1
