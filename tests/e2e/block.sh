#!/usr/bin/env bash
# The kill switch before the tunnel, as at boot: no packet leaves between the network's start and the tunnel's, also if the
# tunnel fails to start.
#
#   a (gateway) 192.0.2.1, world 198.51.100.7 ------ 192.0.2.2 b
#   wga 10.77.0.1                (the tunnel)        10.77.0.2 wgb
source "$(dirname "$0")/lib.sh"

world=198.51.100.7
two_bare_hosts
address a lo $world/32
ip -n b route add default via 192.0.2.1
start a wga
set_up a wga a 51820 10.77.0.1/24
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32
on a nft 'table inet seen { counter leaked { }; chain c { type filter hook prerouting priority -450
  iifname eth0 ip daddr '$world' counter name leaked; }; }'
configuration() {  # configuration [GATEWAY LINE [INTERFACE LINE]]
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 10.77.0.2/24\n%s\n[Gateway]\n%s\n[Peer]\nPublicKey = %s\nEndpoint = 192.0.2.1:51820\nAllowedIPs = 0.0.0.0/0\n' \
    "${private[b]}" "${2:-}" "${1:-}" "${public[a]}" >"$work/wgb.conf")
}
tables() { on b nft list tables; }
block() { on b "$RINGWIRE" block "$work/wgb.conf"; }

say "without a kill switch"
configuration
check "it is refused, with what to do" output_has 'has no kill switch; add .KillSwitch = on' block
check_equal "and does nothing" "" "$(tables)"

say "before the network"
configuration 'KillSwitch = on'
ip -n b link set eth0 down
check "it needs no network" block
ip -n b link set eth0 up
ip -n b route add default via 192.0.2.1
check "when that comes, nothing leaves" no_pings b $world
check "twice is as good as once" block
check "the caller is told why, and what opens" output_has 'ringwire down wgb' on b "$RINGWIRE" show wgb

say "the tunnel"
up b "$work/wgb.conf"
wait_until 5 "carries packets" pings b $world
check "block beside it is refused" output_has 'wgb' block
check "and the tunnel goes on" pings b $world
down b wgb
check_equal "down leaves nothing" "" "$(tables)"
check "and opens" pings b $world

say "a tunnel that cannot start"
on a nft reset counters >"$work/reset"
check "blocked" block
configuration 'KillSwitch = on' 'PreUp = false'
check_fails "a hook fails" up b "$work/wgb.conf"
check "it stays closed" no_pings b $world
(umask 077 && echo 'nonsense' >>"$work/wgb.conf")
check_fails "a file with an error, before the first step" up b "$work/wgb.conf"
check "it stays closed" no_pings b $world
check_equal "nothing has left in the clear" 0 "$(counted a leaked)"
down b wgb
check "until down" pings b $world
