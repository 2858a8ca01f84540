#!/usr/bin/env bash
# The cookbook's full tunnel: all traffic of a client takes it, its own network stays reachable, and its uplink
# carries nothing else, even after the service is killed; `down` ends that.
#
#   a (gateway) 192.0.2.1, and 10.77.0.1 / fd77::1 in the tunnel ------ 192.0.2.2 b (client)
source "$(dirname "$0")/lib.sh"
source "$e2e_dir/leaks.sh"

two_bare_hosts
address a lo 198.51.100.7/32 2001:db8:7::7/128  # the world behind the gateway
ip -n b route add default via 192.0.2.1 && ip -n b -6 route add default via 2001:db8::1
start a wga
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,fd77::2/128
(umask 077 && echo "${private[b]}" >"$work/b.key" && sed -e "s,/etc/ringwire/client.key,$work/b.key," \
  -e "s,PUBLIC_KEY_OF_GATEWAY,${public[a]}," "$e2e_dir/../../docs/cookbook/full-tunnel/client.conf" >"$work/wgb.conf")
# As on many hosts: what comes from where no route leads is dropped, and another program has bits of marks and keeps datagrams
# from conntrack.
on b sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'
on b nft 'add table inet other; add chain inet other raw { type filter hook prerouting priority -300; };
  add rule inet other raw udp sport 51820 notrack; add chain inet other out { type filter hook output priority 0; };
  add rule inet other out meta mark & 0xffffef80 != 0 drop'
snapshot() {
  on b sh -c 'ip link | grep -o "^[0-9]*: [^:]*"; ip address | grep inet; ip rule; ip -6 rule; ip route show table all
    ip -6 route show table all; nft list ruleset; cat /proc/sys/net/ipv4/conf/all/src_valid_mark'
  find /run/ringwire /run/wireguard -name 'wgb*' ! -name '*.log*' 2>/dev/null || true
}
snapshot >"$work/before"
service() { pgrep -of "ringwire up .*/wgb.conf"; }
relay() { pgrep -x ringwire -P "$(service)"; }
up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf"; }
marks_of() { on b "$@" | grep -o 'fwmark 0x[0-9a-f]*' | sort -u; }
no_service() { ! pgrep -f "ringwire up .*/wgb.conf"; }
crash() {  # crash WHAT PID...
  local what=$1 pid
  shift
  kill -KILL "$@"
  for pid; do wait_until 10 "$what ends" gone "$pid"; done
  stays_closed "$what"
}
stays_closed() {  # stays_closed WHAT
  local what=$1
  wait_until 10 "the interface goes with $what" no_interface b wgb
  wait_until 10 "what is left of $what ends" no_service
  more_chatter "$what is dead"
  check "after the end of $what nothing leaves, IPv4" no_pings b 198.51.100.7
  check "nor IPv6" no_pings b 2001:db8:7::7
}

watch_uplink all a eth0
chatter b - 198.51.100.7 2001:db8:7::7
more_chatter "nothing is up"
up
began=$(clock)
more_chatter "up"
check "IPv4 by the tunnel" pings b 198.51.100.7
check "IPv6 by the tunnel" pings b 2001:db8:7::7
crash "the supervisor" "$(service)"
up
crash "the relay" "$(relay)"
up
more_chatter "up again"
both="$(service) $(relay)"
# shellcheck disable=SC2086  # two numbers
crash "both processes" $both
check "a dry run takes the mark that the killed service had" test "$(marks_of ip rule)" = \
  "$(marks_of "$RINGWIRE" up --dry-run "$work/wgb.conf")"
up
ip -n b link delete wgb
stays_closed "the interface"
up
rm /run/wireguard/wgb.sock
stays_closed "the control socket"
up
check "the next up works" pings b 198.51.100.7
sed -i 's/^Address = .*/&, 10.77.0.9\/32\nMTU = 1400/' "$work/wgb.conf"
"$RINGWIRE" reload wgb
wait_until 10 "a reload changes the interface" output_has 'mtu 1400' ip -n b link show wgb
more_chatter "reloaded"
ended=$(clock)
chatter_stops
check "the own network" pings b 192.0.2.1
on b "$RINGWIRE" down wgb
only_tunnel all "only the tunnel's datagrams have left" 192.0.2.1:51820 --least 20 --icmp --after "$began" --before "$ended"
check "the capture sees what leaves a host without a tunnel" leaks all --before "$began"
check "down opens again" pings b 198.51.100.7
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
echo "ok: nothing is left"
