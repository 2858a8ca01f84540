#!/usr/bin/env bash
# A reload turns a full tunnel on and off and changes the sources that take the tunnel. Nothing of the old state is
# left, and no packet takes the wrong route in between.
#
#   a (gateway) 192.0.2.1, world 198.51.100.7 ------ 192.0.2.2 b
#   wga 172.31.255.1         (the tunnel)            172.31.255.7 wgb
source "$(dirname "$0")/lib.sh"

world=198.51.100.7
two_bare_hosts
address a lo $world/32
ip -n b route add default via 192.0.2.1
start a wga
set_up a wga a 51820 172.31.255.1/24
wg set wga peer "${public[b]}" allowed-ips 172.31.255.7/32,192.0.2.2/32
configuration() {  # configuration ALLOWED [GATEWAY LINE [INTERFACE LINE]]: put in place at once
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 172.31.255.7/32\n%s\n[Gateway]\n%s\n[Peer]\nPublicKey = %s\nEndpoint = 192.0.2.1:51820\nAllowedIPs = %s\n' \
    "${private[b]}" "${3:-}" "${2:-}" "${public[a]}" "$1" >"$work/new.conf")
  mv "$work/new.conf" "$work/wgb.conf"
}
reload() { check "reload: $1" on b timeout "$patience" "$RINGWIRE" reload wgb; }
refused() { check_fails "reload: $1 is refused" on b timeout "$patience" "$RINGWIRE" reload wgb; }
policy() {
  on b sh -c 'ip -4 rule; ip -6 rule; ip -4 route show table all; nft list ruleset
    cat /proc/sys/net/ipv4/conf/all/src_valid_mark'
  wg show wgb fwmark
}
way() { on b ip route get "$world" ${1:+from "$1"} | grep -o 'dev [a-z0-9]*'; }
ways() { echo "$(way) $(way 172.31.255.7) $(way 192.0.2.2)"; }
on a nft "table inet seen {
  counter leaked {
  }
  chain arriving { type filter hook prerouting priority -450;
    iifname eth0 ip saddr 172.31.255.7 counter name leaked
  }
}"

configuration 172.31.255.1/32,$world/32
LOG_LEVEL=debug spawn b "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf" >>"$work/wgb.log" 2>&1 &
daemon_pid[wgb]=$! daemon_host[wgb]=b
wait_until 10 "wgb is up" output_has 'dev wgb' on b ip route show
check "at first" pings b $world
policy >"$work/plain"
# All along, every 20 ms, from the tunnel's address.
spawn b ping -q -n -i 0.02 -I 172.31.255.7 $world >"$work/ping.log" 2>&1 &
pinger=$!

configuration 0.0.0.0/0
reload "all traffic"
check_equal "by the tunnel" "dev wgb dev wgb dev wgb" "$(ways)"
check_equal "with a mark" 0x1000 "$(wg show wgb fwmark)"
check "it works" pings b $world
policy >"$work/full"
configuration 0.0.0.0/0 'RouteFrom = 172.31.255.7'
reload "only a source"
check_equal "takes it" "dev eth0 dev wgb dev eth0" "$(ways)"
configuration 0.0.0.0/0 'RouteFrom = 192.0.2.2, 172.31.255.7'
reload "also the uplink's own address"
check_equal "takes it" "dev eth0 dev wgb dev wgb" "$(ways)"
check "it works" pings b $world -I 192.0.2.2
spawn b socat -u UDP4-RECV:51900 - >/dev/null 2>&1 &
taken=$!
wait_until 5 "the port is taken" output_has ':51900\b' on b ss -Hlun
policy >"$work/sources"
configuration 0.0.0.0/0 '' 'ListenPort = 51900'
refused "a port that is taken"
policy | diff "$work/sources" - || fail "a reload that fails changes something"
configuration 0.0.0.0/0
reload "all traffic again"
policy | diff "$work/full" - || fail "it differs from the first time"
configuration 0.0.0.0/0 '' 'FwMark = 0x1234'
reload "with a mark of the file's"
check_equal "in force" 0x1234 "$(wg show wgb fwmark)"
check "it works" pings b $world
configuration 0.0.0.0/0
reload "without it"
policy | diff "$work/full" - || fail "the mark is not the chosen one again"
kill -INT $pinger
wait $pinger || true
check_equal "nothing from the tunnel's address has left by the uplink" 0 "$(counted a leaked)"
check "nearly every request was answered" sh -c "grep -Eq ' [0-3](\.[0-9]+)?% packet loss' $work/ping.log"
configuration 172.31.255.1/32,$world/32
reload "no longer"
policy | diff "$work/plain" - || fail "something is left"
configuration 172.31.255.1/32,$world/32 '' 'FwMark = 0x1234'
reload "a mark where nothing needs one"
configuration 172.31.255.1/32,$world/32
reload "and none"
policy | diff "$work/plain" - || fail "something is left"
echo "ok: nothing is left"
configuration 172.31.255.1/32,$world/32 '' 'ListenPort = 51900'
refused "a port that is taken"
configuration 0.0.0.0/0 '' 'ListenPort = 51900'
refused "a port that is taken, with all traffic,"
policy | diff "$work/plain" - || fail "a reload that fails changes something"
wait_until 10 "it works" pings b $world
kill $taken
