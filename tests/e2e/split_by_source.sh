#!/usr/bin/env bash
# The cookbook's split by source: packets from the tunnel's address go through, packets from b's own address do not,
# as seen at both ends; then the same for a host behind b, for b's own uplink address, and after a crash.
#
#   a (gateway) 192.0.2.1, world 198.51.100.7 / 2001:db8:7::7 ------ eth0 192.0.2.2 b (client) lan0 --- h 192.168.5.9
#   wga 172.31.255.1 / fd77::1              (the tunnel)              172.31.255.7 / fd77::7 wgb
source "$(dirname "$0")/lib.sh"

world=198.51.100.7 world6=2001:db8:7::7
two_bare_hosts
host h
link b lan0 h eth0
address a lo $world/32 $world6/128
address b lan0 192.168.5.1/24
address h eth0 192.168.5.9/24
router b
on b sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter; echo 1 >/proc/sys/net/ipv4/conf/eth0/rp_filter'
ip -n b route add default via 192.0.2.1 && ip -n b -6 route add default via 2001:db8::1
ip -n h route add default via 192.168.5.1
ip -n a route add 192.168.5.0/24 via 192.0.2.2

cookbook=$e2e_dir/../../docs/cookbook/split-by-source
fill_in() {  # fill_in FILE NAME KEY: a file of the cookbook with the keys of this test
  (umask 077 && sed -e "s,/etc/ringwire/$1.key,$work/$3.key," -e "s,PUBLIC_KEY_OF_GATEWAY,${public[a]}," \
    -e "s,PUBLIC_KEY_OF_CLIENT,${public[b]}," "$cookbook/$1.conf" >"$work/$2.conf" && echo "${private[$3]}" >"$work/$3.key")
}
fill_in gateway wga a
fill_in client wgb b
up() { on "$1" "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/$2.conf"; }
snapshot() {
  on b sh -c 'ip link | grep -o "^[0-9]*: [^:]*"; ip address | grep inet; ip rule; ip -6 rule; ip route show table all
    ip -6 route show table all; nft list ruleset; cat /proc/sys/net/ipv4/conf/all/src_valid_mark'
  find /run/ringwire /run/wireguard -name 'wgb*' ! -name '*.log*' 2>/dev/null || true
}
service() { pgrep -of "ringwire up .*/wgb.conf"; }

# What arrives at the gateway for the world, by its way and its source.
on a nft "table inet seen {
$(printf '  counter %s {\n  }\n' tunnel_own tunnel_host uplink_own uplink_host local_own)
  chain arriving { type filter hook prerouting priority -450;
    iifname wga ip daddr $world ip saddr 172.31.255.7 counter name tunnel_own
    iifname wga ip6 daddr $world6 ip6 saddr fd77::7 counter name tunnel_own
    iifname wga ip saddr { 192.0.2.2, 192.168.5.9 } counter name tunnel_host
    iifname eth0 ip daddr $world ip saddr 172.31.255.7 counter name uplink_own
    iifname eth0 ip6 daddr $world6 ip6 saddr fd77::7 counter name uplink_own
    iifname eth0 ip daddr $world ip saddr { 192.0.2.2, 192.168.5.9 } counter name uplink_host
    iifname eth0 ip daddr 192.0.2.1 ip saddr 172.31.255.7 counter name local_own
  }
}"
same_as() { local wanted=$1; shift; check_equal "$1" "$wanted" "$(counted a "$2")"; }

snapshot >"$work/before"
up a wga
up b wgb
check "the tunnel's address, through the tunnel" pings b $world -I 172.31.255.7
check "IPv6" pings b $world6 -I fd77::7
same_as 6 "six requests came by the tunnel" tunnel_own
check "the host's address" pings b $world -I 192.0.2.2
check "a program that binds to nothing" pings b $world
check "a host behind" pings h $world
same_as 9 "their nine requests came by the uplink" uplink_host
same_as 0 "none of them by the tunnel" tunnel_host
on b ping -q -c 3 -i 0.05 -W 0.1 -I 172.31.255.7 192.0.2.1 >/dev/null || true
same_as 3 "the local network is next to it, also for the tunnel's address" local_own
check_fails "the main table has no route by the tunnel" sh -c "{ ip -n b route show default; ip -n b -6 route show default; } | grep wgb"

say "a crash"
kill -KILL "$(service)"
wait_until 10 "the interface goes" no_interface b wgb
address b lo 172.31.255.7/32 fd77::7/128
check "what was the tunnel's address reaches nothing" no_pings b $world -I 172.31.255.7
check "IPv6" no_pings b $world6 -I fd77::7
check "the host's own does" pings b $world -I 192.0.2.2
ip -n b address del 172.31.255.7/32 dev lo && ip -n b address del fd77::7/128 dev lo
up b wgb
check "the next up takes over" pings b $world -I 172.31.255.7
check_equal "with one table" 1 "$(on b ip -4 route show table all | grep -c 'default dev wgb')"
same_as 0 "nothing from it has ever left by the uplink" uplink_own
on b "$RINGWIRE" down wgb
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"

say "a host behind, and the uplink's own address"
sed -i 's,^RouteFrom.*,RouteFrom = 192.168.5.0/24 192.0.2.2,' "$work/wgb.conf"
wg set wga peer "${public[b]}" allowed-ips 192.168.5.0/24,192.0.2.2/32
on a ip route replace 192.168.5.0/24 dev wga
# An answer to 192.0.2.2 may come back by the uplink, so the kernel's check of the way back must not be strict.
on b sh -c 'echo 2 >/proc/sys/net/ipv4/conf/eth0/rp_filter; echo 2 >/proc/sys/net/ipv4/conf/all/rp_filter'
before=$(counted a uplink_host)
up b wgb
check "the host behind, through the tunnel" pings h $world
check "the uplink's address" pings b $world -I 192.0.2.2
same_as 6 "by the tunnel" tunnel_host
same_as "$before" "none by the uplink" uplink_host
on b "$RINGWIRE" down wgb
on b sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/rp_filter; echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
echo "ok: nothing is left"
on a "$RINGWIRE" down wga
