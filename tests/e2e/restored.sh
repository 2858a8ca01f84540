#!/usr/bin/env bash
# Other programs remove rules, routes, addresses and tables of a tunnel that is up, rename its interface or take it down
# and up. Each comes back by itself within a second, with a line in the log, and a kill switch stays closed all the time.
#
#   a (gateway) 192.0.2.1, world 198.51.100.7 ------ 192.0.2.2 b
#   wga 10.77.0.1, fd77::1       (the tunnel)        10.77.0.2, fd77::2 wgb
source "$(dirname "$0")/lib.sh"

world=198.51.100.7
two_bare_hosts
address a lo $world/32
ip -n b route add default via 192.0.2.1
start a wga
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,fd77::2/128
on a nft 'table inet seen { counter leaked { }; chain c { type filter hook prerouting priority -450
  iifname eth0 ip daddr '$world' counter name leaked; }; }'
configuration() {  # configuration ALLOWED [GATEWAY LINE [INTERFACE LINE]]
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 10.77.0.2/24, fd77::2/64\n%s\n[Gateway]\n%s\n[Peer]\nPublicKey = %s\nEndpoint = 192.0.2.1:51820\nAllowedIPs = %s\n' \
    "${private[b]}" "${3:-}" "${2:-}" "${public[a]}" "$1" >"$work/wgb.conf")
}
rules() { on b sh -c 'ip -4 rule; ip -6 rule'; }
routes() { on b sh -c 'ip -4 route show table all dev wgb; ip -6 route show table all dev wgb' | grep -v fe80; }
addresses() { on b ip -o address show dev wgb scope global | awk '{ print $4 }' | sort; }
tables() { on b nft list ruleset | sed 's/# handle.*//'; }
flush_rules() {
  local family pref
  for family in -4 -6; do
    for pref in $(ip -n b "$family" rule | awk -F: '$1 != 0 && $1 < 32766 { print $1 }' | sort -u); do
      while ip -n b "$family" rule del pref "$pref" 2>/dev/null; do :; done
    done
  done
}
logged() { output_has "restored $1" on b "$RINGWIRE" log wgb; }
whole() { [ "$(rules)" = "$rules" ] && [ "$(routes)" = "$routes" ] && [ "$(addresses)" = "$addresses" ]; }
remember() { rules=$(rules) routes=$(routes) addresses=$(addresses); }

say "a full tunnel"
configuration '0.0.0.0/0, ::/0'
up b "$work/wgb.conf"
wait_until 5 "the tunnel carries packets" pings b $world
remember
flush_rules
check_soon "rules that another program flushes come back" whole
check_soon "with a line" logged "[0-9]* policy rules?"
check "the tunnel goes on" pings b $world
ip -n b route flush table 51820
check_soon "so do its routes" whole
ip -n b address del 10.77.0.2/24 dev wgb
check_soon "and its addresses, with their routes" whole
ip -n b link set wgb down
ip -n b link set wgb up
check_soon "and what goes with a link that goes down" whole
check "the tunnel still goes on" pings b $world
if ip -n b link set wgb name wgother 2>/dev/null; then  # since Linux 6.2, while it is up
  check_soon "an interface that is renamed gets its name back" ip -n b link show wgb
  check_soon "with a line" logged "the interface's name .it was wgother"
  check "and goes on" pings b $world
fi
check_equal "nothing left in the clear" 0 "$(counted a leaked)"
down b wgb

say "a kill switch"
printf 'flush ruleset\ntable inet site { chain input { type filter hook input priority 0; }; }\n' >"$work/site.nft"
configuration '0.0.0.0/0' 'KillSwitch = on' "PostUp = nft -f $work/site.nft"
up b "$work/wgb.conf"
check "a PostUp that flushes the firewall does not open it" on b nft list table inet ringwire-wgb
before=$(on b nft list table inet ringwire-wgb)
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
  on b nft flush ruleset
  wait_until 5 "the kill switch comes back" prints "$before" on b nft list table inet ringwire-wgb
done
echo "ok: each time that the firewall is flushed"
check "by whom is said" logged "the nft table, removed by nft"
on b nft flush chain inet ringwire-wgb output
check_soon "also if only its rules are flushed" prints "$before" on b nft list table inet ringwire-wgb

say "only down opens it"
kill -TERM "$(pgrep -of 'ringwire up .*/wgb.conf')"
wait_until 10 "the service ends on a signal" no_interface b wgb
check "the end on a signal, as of a restart, leaves it closed" no_pings b 192.0.2.1
up b "$work/wgb.conf"
check "a restart takes it over" pings b $world
down b wgb
check "down opens it" pings b 192.0.2.1
configuration '0.0.0.0/0' 'KillSwitch = on' 'PostUp = false'
check_fails "a start that fails" up b "$work/wgb.conf"
check "leaves it closed" no_pings b 192.0.2.1
down b wgb
check "until down" pings b 192.0.2.1
check_equal "nothing is left" "" "$(tables | grep ringwire)"

say "sysctls"
configuration '10.77.0.0/24' 'Forward = on'
up b "$work/wgb.conf"
forwards() { [ "$(on b cat /proc/sys/net/ipv4/ip_forward)" = 1 ]; }
on b sysctl -qw net.ipv4.ip_forward=0
check_soon "forwarding that another program ends comes back" forwards
check "with a line" logged "1 sysctl"
down b wgb
