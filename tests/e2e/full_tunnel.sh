#!/usr/bin/env bash
# The cookbook's full tunnel: all traffic of a client takes it, its own network stays reachable, nothing else is seen on its
# uplink, also when the service is killed; `down` opens again.
#
#   a (gateway) 192.0.2.1, and 10.77.0.1 / fd77::1 in the tunnel ------ 192.0.2.2 b (client)
source "$(dirname "$0")/lib.sh"

two_bare_hosts
address a lo 198.51.100.7/32 2001:db8:7::7/128  # the world behind the gateway
ip -n b route add default via 192.0.2.1 && ip -n b -6 route add default via 2001:db8::1
start a wga
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,fd77::2/128
(umask 077 && echo "${private[b]}" >"$work/b.key" && sed -e "s,/etc/ringwire/client.key,$work/b.key," \
  -e "s,PUBLIC_KEY_OF_GATEWAY,${public[a]}," "$e2e_dir/../../docs/cookbook/full-tunnel/client.conf" >"$work/wgb.conf")
snapshot() {
  on b sh -c 'ip link | grep -o "^[0-9]*: [^:]*"; ip address | grep inet; ip rule; ip -6 rule; ip route show table all
    ip -6 route show table all; nft list ruleset; cat /proc/sys/net/ipv4/conf/all/src_valid_mark'
  find /run/ringwire /run/wireguard -name 'wgb*' 2>/dev/null || true
}
snapshot >"$work/before"
service() { pgrep -of "ringwire up .*/wgb.conf"; }
count a leaked 'iifname "eth0" ip daddr 198.51.100.7'
count6() { on a nft 'add counter inet seen leaked6; add rule inet seen arriving iifname "eth0" ip6 daddr 2001:db8:7::7 counter name leaked6'; }
count6

on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf"
check "IPv4 by the tunnel" pings b 198.51.100.7
check "IPv6 by the tunnel" pings b 2001:db8:7::7
check "the own network" pings b 192.0.2.1
kill -KILL "$(service)"
wait_until 10 "the interface goes" no_interface b wgb
check "after SIGKILL nothing leaves, IPv4" no_pings b 198.51.100.7
check "IPv6" no_pings b 2001:db8:7::7
on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf"
check "the next up works" pings b 198.51.100.7
check_equal "IPv4 has never left outside of the tunnel" 0 "$(counted a leaked)"
check_equal "nor IPv6" 0 "$(counted a leaked6)"
on b "$RINGWIRE" down wgb
check "down opens again" pings b 198.51.100.7
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
echo "ok: nothing is left"
