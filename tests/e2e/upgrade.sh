#!/usr/bin/env bash
# `ringwire upgrade` under load, RINGWIRE_E2E_ROUNDS times (4): another program takes the tunnel over. Its service, interface, routes and
# tools stay, and so does every connection. A program that cannot take over changes nothing.
#
#   a (run, is upgraded) ------ b
source "$(dirname "$0")/lib.sh"
command -v iperf3 >/dev/null || skip "iperf3"
rounds=${RINGWIRE_E2E_ROUNDS:-4}

two_bare_hosts
start b wgb
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
wg set wgb peer "${public[a]}" allowed-ips 10.77.0.1/32,fd77::1/128
configuration() {  # configuration MTU
  (umask 077 && cat >"$work/wga.conf" <<TEXT
[Interface]
PrivateKey = ${private[a]}
ListenPort = 51820
Address = 10.77.0.1/24, fd77::1/64
MTU = $1
[Peer]
PublicKey = ${public[b]}
Name = the other end
AllowedIPs = 10.77.0.2/32, fd77::2/128, 203.0.113.0/24
Endpoint = 192.0.2.2:51820
[Gateway]
Forward = on
TEXT
  )
}
configuration 1420

say "a, by a program of its own"
mkdir "$work/bin"
program=$work/bin/ringwire
install_program() { cp "$1" "$program.new" && mv "$program.new" "$program"; }  # as a package manager does
install_program "$RINGWIRE"
LOG_LEVEL=debug spawn a "$program" run "--io=$RINGWIRE_E2E_IO" --workers=2 "$work/wga.conf" >>"$work/wga.log" 2>&1 &
service=$!
daemon_pid[wga]=$service daemon_host[wga]=a
wait_until 10 "wga is up" output_has 'inet6 fd77' ip -n a address show dev wga up
check "at first" pings a 10.77.0.2

relay() { pgrep -P "$service" -f 'ringwire-relay|ringwire run'; }
# What must stay: the interface, its addresses, routes and rules, the firewall, the port, the files of the sockets.
host_state() {
  { ip -n a -o link show wga; ip -n a address show dev wga; ip -n a route show table all dev wga; ip -n a rule; ip -n a -6 rule
    on a nft list ruleset; wg show wga listen-port; stat -c '%n %i' /run/wireguard/* /run/ringwire/*.sock; } |
    sed -E 's/(valid|preferred)_lft [^ ]+//g; s/counter packets [0-9]+ bytes [0-9]+/counter/'
}
descriptors() { find "/proc/$service/fd" | wc -l; }
name_of_peer() { status wga "status['peers'][0].get('name')"; }

say "under load"
stream session b a 10.77.0.1 7001
spawn a iperf3 -s -p 5201 >"$work/server.log" 2>&1 &
wait_until 5 "iperf3 listens" listening a 5201
on b iperf3 -c 10.77.0.1 -p 5201 -t 600 --bidir >"$work/iperf.log" 2>&1 &
load=$!
before=$(host_state) open=$(descriptors)
for ((round = 1; round <= rounds; ++round)); do
  old=$(relay)
  install_program "$RINGWIRE"
  check "upgrade $round" on a "$program" upgrade wga
  [ "$(relay)" != "$old" ] || fail "the relay is the old process"
  stream_goes_on session "the session goes on"
done
alive "$service" || fail "the service has ended"
alive "$load" || { cat "$work/iperf.log" >&2; fail "iperf3 has lost its connections"; }
check_equal "nothing of the host has changed" "$before" "$(host_state)"
check_soon "no descriptor is left over" prints "$open" descriptors
check_equal "one relay" 1 "$(relay | wc -l)"
check_equal "peers keep their names" "the other end" "$(name_of_peer)"
check_equal "no capability" 0000000000000000 "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$(relay)/status")"
check_equal "no wall is missing" "[]" "$(status wga "status['sandbox']['missing']")"

say "a program that cannot take over changes nothing"
refused() {  # refused WHAT FILE [PATTERN]
  local old
  old=$(relay)
  install_program "$2"
  check_fails "$1" on a "$RINGWIRE" upgrade wga
  grep -E "${3:-the tunnel runs on as it was}" "$work/check.out" >/dev/null || { cat "$work/check.out" >&2; fail "$1: says something else"; }
  check_equal "the same relay" "$old" "$(relay)"
  stream_goes_on session "the session goes on"
}
head -c 100000 "$RINGWIRE" >"$work/truncated" && chmod +x "$work/truncated"
refused "half a program" "$work/truncated"
refused "one that ends" /bin/false "ended at its start"
printf '#!/bin/sh\necho "no library" >&2\nexit 127\n' >"$work/script" && chmod +x "$work/script"
refused "one that prints why" "$work/script" "ended at its start"
grep -F 'no library' "$work/wga.log" >/dev/null || fail "the log has not what it printed"
rm "$program"
check_fails "none" on a "$RINGWIRE" upgrade wga
check_equal "nothing of the host has changed" "$before" "$(host_state)"
check_soon "no descriptor is left over" prints "$open" descriptors

say "a program that fails soon after it has taken over"
install_program "$RINGWIRE"
check "takes over" on a "$program" upgrade wga
upgraded=$(relay)
kill -KILL "$upgraded"
goes_back() { grep -F 'the tunnel goes on with the previous one' "$work/wga.log"; }
check_soon "the previous program comes back" goes_back
[ "$(relay)" != "$upgraded" ] || fail "it is the same process"
stream_goes_on session "the session goes on"
check_equal "nothing of the host has changed" "$before" "$(host_state)"
check_soon "no descriptor is left over" prints "$open" descriptors

say "afterwards the tunnel is like any other"
check "upgrades" on a "$program" upgrade wga
configuration 1380
check "reloads" on a "$program" reload wga
check "with the new MTU" output_has 'mtu 1380' ip -n a link show wga
check "saves" on a "$program" save wga
check "is healthy" on a "$program" health wga
stream_ends session
kill "$load"
wg set wga listen-port 51999
check_soon "moves to another port" prints 192.0.2.1:51999 endpoint wgb
check "pings" pings a 10.77.0.2
check_fails "which is not up" on a "$program" upgrade wgx
check_fails "a tunnel of \`wg\` has no supervisor" on b "$program" upgrade wgb
grep -F 'no supervisor' "$work/check.out" >/dev/null || fail "it does not say so"
check "goes down" down a wga
check "with its interface" no_interface a wga
check_equal "and its rules" "" "$(on a nft list ruleset)"
echo "ok: all of the upgrade; the last one: $(grep -o 'after [0-9]* ms without traffic' "$work/wga.log" | tail -n 1)"
