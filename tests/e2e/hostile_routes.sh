#!/usr/bin/env bash
# A full tunnel on a hostile network: routes that a DHCP server could hand out, before and after `up`, move nothing
# out of it, and the local network stays reachable. A capture on the uplink shows only the tunnel's datagrams.
#
#   b (client) eth0 192.0.2.2 ------ 192.0.2.66 m (attacker, claims everything) ------ 203.0.113.66
#                  wgb 10.77.0.2 (the tunnel) 10.77.0.1 wga                203.0.113.1 a (gateway), world 198.51.100.7
source "$(dirname "$0")/lib.sh"

world=198.51.100.7 world6=2001:db8:7::7
host a b m
link b eth0 m eth0
link m eth1 a eth0
new_key a b
address b eth0 192.0.2.2/24 2001:db8::2/64
address m eth0 192.0.2.66/24 2001:db8::66/64 192.168.9.66/24
address m eth1 203.0.113.66/24 2001:db8:1::66/64
address a eth0 203.0.113.1/24 2001:db8:1::1/64
router m
# The attacker answers for whatever is asked from him.
on m sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/proxy_arp; echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects
  echo 0 >/proc/sys/net/ipv4/conf/eth0/send_redirects'
address m lo $world/32 $world6/128 10.20.0.9/32
address a lo $world/32 $world6/128 10.20.0.9/32
ip -n b route add default via 192.0.2.66 && ip -n b -6 route add default via 2001:db8::66
ip -n a route add 192.0.2.0/24 via 203.0.113.66

start a wga
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,fd77::2/128
(umask 077 && echo "${private[b]}" >"$work/b.key" && sed -e "s,/etc/ringwire/client.key,$work/b.key," \
  -e "s,PUBLIC_KEY_OF_GATEWAY,${public[a]}," -e 's,^Endpoint.*,Endpoint = 203.0.113.1:51820,' \
  "$e2e_dir/../../docs/cookbook/full-tunnel/client.conf" >"$work/wgb.conf")
up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf"; }
down() { on b "$RINGWIRE" down wgb; }
rules() { on b sh -c 'ip -4 rule; ip -6 rule'; }

# Everything that leaves b, but the tunnel's datagrams and what belongs to the local network and to finding neighbours.
on b nft 'table inet seen {
  counter leaked {
  }
  chain leaving { type filter hook postrouting priority 300;
    oifname eth0 udp dport 51820 ip daddr 203.0.113.1 accept
    oifname eth0 ip daddr { 192.0.2.0/24, 192.168.9.0/24, 224.0.0.0/4 } accept
    oifname eth0 ip6 daddr { 2001:db8::/64, fe80::/10, ff00::/8 } accept
    oifname eth0 counter name leaked
  }
}'
hostile() {  # hostile VERB: what a DHCP server, a router and a neighbour could say
  local route
  for route in '0.0.0.0/1 via 192.0.2.66' '128.0.0.0/1 via 192.0.2.66' "$world/32 dev eth0" '203.0.113.1/32 dev eth0' \
    '198.51.100.0/24 via 192.0.2.66 proto dhcp' '10.20.0.0/16 via 192.0.2.66 proto dhcp' '10.77.0.1/32 dev eth0' \
    '203.0.113.0/24 dev eth0 scope link' '::/1 via 2001:db8::66' '8000::/1 via 2001:db8::66' "$world6/128 dev eth0" \
    '2001:db8:7::/64 via 2001:db8::66 proto ra'; do
    # shellcheck disable=SC2086  # words of a route
    ip -n b route "$1" $route
  done
}
everything_is_inside() {  # everything_is_inside WHEN
  check "$1: IPv4 by the tunnel" pings b $world
  check "$1: IPv6" pings b $world6
  check "$1: what DHCP says of a private range" pings b 10.20.0.9
  check "$1: the gateway's address in the tunnel" pings b 10.77.0.1
  check "$1: other traffic to the endpoint's own address" pings b 203.0.113.1
  check "$1: the local network" pings b 192.0.2.66
  check_equal "$1: nothing has left outside of the tunnel" 0 "$(counted b leaked)"
}

rules >"$work/rules"
say "routes that come after the tunnel"
up
everything_is_inside "without them"
hostile add
everything_is_inside "with them"

say "a network that is connected later"
wait_rule() { wait_until 5 "$1" output_has "$2" on b ip "$3" rule; }
address b eth0 192.168.9.2/24
wait_rule "a private one is left outside" 'to 192.168.9.0/24 lookup main suppress_prefixlength 23' -4
check "it can be reached" pings b 192.168.9.66
address b eth0 198.51.100.99/24
wait_until 10 "a public one, which could be anybody's, is not" pings b $world
ip -n b address del 198.51.100.99/24 dev eth0
ip -n b address del 192.168.9.2/24 dev eth0
wait_until 5 "its rule goes with it" prints 0 sh -c 'ip -n b rule | grep -c 192.168.9 || true'
check_equal "nothing has left" 0 "$(counted b leaked)"
down
rules | diff "$work/rules" - || fail "down leaves rules"

believes() {  # believes PREFIX: m says that this /64 is on the link, and gives nobody an address in it
  on m "$RINGWIRE_PYTHON" "$e2e_dir/tools/advertise.py" "$1" 0x80
  output_has "^${1}/64 dev eth0 proto kernel" ip -n b -6 route
}

say "routes that were there before"
address b eth0 fe80::2/64
address m eth0 fe80::66/64 $world6/128
on b sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_ra'
wait_until 10 "a network is on the link by advertisement" believes 2001:db8:7::
wait_until 10 "a private one as well" believes fd99::
up
check_fails "neither of them is a local network" output_has 'to (2001:db8:7|fd99)::/64' on b ip -6 rule
everything_is_inside "up"
kill -KILL "$(pgrep -of "ringwire up .*/wgb.conf")"
wait_until 10 "the interface goes" no_interface b wgb
check "after a crash nothing leaves" no_pings b $world
check "IPv6" no_pings b $world6
check "the local network" pings b 192.0.2.66
check_equal "nothing has left" 0 "$(counted b leaked)"
down
rules | diff "$work/rules" - || fail "down leaves rules"
hostile del
