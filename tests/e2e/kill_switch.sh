#!/usr/bin/env bash
# The cookbook's kill switch: from the first step of `up` to the last of `down` only the tunnel's own datagrams leave
# the client, even if any of its processes is killed; and the exceptions that the options allow.
#
#   a (gateway) 192.0.2.1, and 10.77.0.1 / fd77::1 in the tunnel ------ 192.0.2.2 b (client, router) 192.168.9.1 --- c
#     198.51.100.7 and 2001:db8:7::7 are the world behind the gateway
source "$(dirname "$0")/lib.sh"
source "$e2e_dir/leaks.sh"

two_bare_hosts
new_key gateway client
client_that_routes
start a wga
set_up a wga gateway 51820 10.77.0.1/24 fd77::1/64
wg set wga peer "${public[client]}" allowed-ips 10.77.0.2/32,fd77::2/128
cookbook kill-switch/client.conf
mv "$work/client.conf" "$work/wgb.conf"
sed -i "s,^\[Gateway\],PreUp = test -e $work/first_step || date +%s.%N >$work/first_step\nPostDown = date +%s.%N >$work/last_step\n&," "$work/wgb.conf"

snapshot() {
  on b sh -c 'ip link | grep -o "^[0-9]*: [^:]*"; ip address | grep inet; ip rule; ip -6 rule; ip route show table all
    ip -6 route show table all; nft list ruleset; cat /proc/sys/net/ipv4/conf/all/src_valid_mark'
  find /run/ringwire /run/wireguard -name 'wgb*' ! -name '*.log*' 2>/dev/null || true
}
snapshot >"$work/before"
up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf"; }
service() { pgrep -of "ringwire up .*/wgb.conf"; }
relay() { pgrep -x ringwire -P "$(service)"; }
crash() {  # crash WHAT PID...
  local what=$1 pid
  shift
  kill -KILL "$@"
  for pid; do wait_until 10 "$what ends" gone "$pid"; done
  wait_until 10 "the interface goes with $what" no_interface b wgb
  wait_until 10 "what is left of $what ends" no_service
  more_chatter "$what is dead"
  check "the switch is there after the end of $what" on b nft list chain inet ringwire-wgb output
  check "after the end of $what nothing leaves, IPv4" no_pings b 198.51.100.7
  check "nor IPv6" no_pings b 2001:db8:7::7
}
no_service() { ! pgrep -f "ringwire up .*/wgb.conf"; }
refused_at_once() { # refused_at_once ADDRESS: a connection gets an error, not silence
  on b "$RINGWIRE_PYTHON" -c 'import socket, sys; s = socket.socket(); s.settimeout(int(sys.argv[2]))
try: s.connect((sys.argv[1], 80))
except TimeoutError: sys.exit("silence")
except OSError as error: print(error)
else: sys.exit("connected")' "$1" "$patience"
}

say "from the first step of up to the last one of down"
watch_uplink all a eth0
chatter b eth0 198.51.100.7 2001:db8:7::7
more_chatter "nothing is up"
up
more_chatter "up"
check "IPv4 by the tunnel" pings b 198.51.100.7
check "IPv6 by the tunnel" pings b 2001:db8:7::7
check "the own host" pings b 192.0.2.2
check "the own network is not in reach" no_pings b 192.0.2.1
check "which is an error at once" refused_at_once 192.0.2.1
check "a host behind this one has no way but the tunnel" no_pings c 192.0.2.1
sed -i 's,^Address = .*,&\nMTU = 1400,' "$work/wgb.conf"
check "a reload" "$RINGWIRE" reload wgb
more_chatter "reloaded"
crash "the supervisor" "$(service)"
up
more_chatter "up again"
crash "the relay" "$(relay)"
up
both="$(service) $(relay)"
# shellcheck disable=SC2086  # two numbers
crash "both processes" $both
up
check "after every crash the tunnel comes back" pings b 198.51.100.7
on b "$RINGWIRE" down wgb
more_chatter "down"
chatter_stops
check "down opens again" pings b 198.51.100.7
only_tunnel all "only the tunnel's datagrams have left" 192.0.2.1:51820 --least 20 \
  --after "$(cat "$work/first_step")" --before "$(cat "$work/last_step")"
check "the capture sees what leaves a host without a tunnel" leaks all --before "$(cat "$work/first_step")"
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
echo "ok: nothing is left"
