#!/usr/bin/env bash
# A kill switch keeps packets in the machine, not in one network namespace: containers on bridges, veth pairs and
# macvlans of the host go on talking to each other and to the host, and nobody gets out but through the tunnel.
#
#   a (gateway) 192.0.2.1 ------ wan0 (bridge) 192.0.2.2 b                      198.51.100.7 is the world behind a
#   c1, c2: 172.18.0.0/16 on br0      c3: 172.19.0.0/16 on br1      c4: 10.9.0.0/28, a veth pair
#   c5: 10.8.0.0/24, macvlans on a dummy      c6: a port of wan0
source "$(dirname "$0")/lib.sh"

host a b c1 c2 c3 c4 c5 c6 c7
router a b
bridge() { ip -n b link add "$1" type bridge && ip -n b link set "$1" up && address b "$1" "${@:2}"; }
port() { link b "v$1" "c$1" eth0 && ip -n b link set "v$1" master "$2"; }  # port NUMBER BRIDGE
container() { address "c$1" eth0 "$2" && ip -n "c$1" route add default via "$3"; }  # container NUMBER ADDRESS GATEWAY
bridge wan0 192.0.2.2/24
link b up0 a eth0
ip -n b link set up0 master wan0
address a eth0 192.0.2.1/24
address a lo 198.51.100.7/32
ip -n b route add default via 192.0.2.1
ip -n a route add 172.16.0.0/12 via 192.0.2.2
bridge br0 172.18.0.1/16 fd18::1/64
bridge br1 172.19.0.1/16
for one in 1 2; do port $one br0 && container $one 172.18.0.1$one/16 172.18.0.1 && address c$one eth0 fd18::1$one/64; done
port 3 br1 && container 3 172.19.0.13/16 172.19.0.1
link b v4 c4 eth0 && address b v4 10.9.0.1/28 && container 4 10.9.0.2/28 10.9.0.1
{ ip -n b link add dummy0 type dummy || ip -n b link add dummy0 type ifb; } 2>/dev/null  # not every kernel has both
ip -n b link set dummy0 up
ip -n b link add mac0 link dummy0 type macvlan mode bridge && ip -n b link set mac0 up && address b mac0 10.8.0.1/24
ip -n b link add mac1 link dummy0 type macvlan mode bridge && ip -n b link set mac1 netns c5 name eth0
ip -n c5 link set eth0 up && container 5 10.8.0.2/24 10.8.0.1
port 6 wan0 && container 6 192.0.2.6/24 192.0.2.1
# With br_netfilter, the firewall also judges what a bridge passes from port to port.
on b sh -c 'cd /proc/sys/net/bridge && for one in iptables ip6tables; do echo 1 >bridge-nf-call-$one; done' ||
  skip "br_netfilter"

new_key a b
start a wga
set_up a wga a 51820 10.77.0.1/24
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,172.18.0.0/16
configuration() {  # configuration KILL_SWITCH
  (umask 077 && printf '%s\n' '[Interface]' "PrivateKey = ${private[b]}" 'Address = 10.77.0.2/32' '[Gateway]' \
    "KillSwitch = $1" '[Peer]' "PublicKey = ${public[a]}" 'AllowedIPs = 0.0.0.0/0' 'Endpoint = 192.0.2.1:51820' >"$work/wgb.conf")
}
inside() {  # inside WHEN: everything within the machine goes on
  check "$1: from container to container of one bridge" pings c1 172.18.0.12
  check "$1: over IPv6" pings c1 fd18::12
  check "$1: to the host" pings c1 172.18.0.1
  check "$1: from the host" pings b 172.18.0.11
  check "$1: over IPv6 " pings b fd18::11
  check "$1: to a container of another bridge" pings c3 172.18.0.11
  check "$1: over a veth pair" pings b 10.9.0.2
  check "$1: and back" pings c4 10.9.0.1
  check "$1: over macvlans on a dummy" pings b 10.8.0.2
  check "$1: from one kind to another" pings c5 172.19.0.13
}
nothing_leaves() {  # nothing_leaves WHEN
  local before
  before=$(counted a clear)
  check "$1: the host does not reach its own network" no_pings b 192.0.2.1
  check "$1: nor do containers" no_pings c1 192.0.2.1
  check "$1: nor over a veth pair" no_pings c4 192.0.2.1
  check "$1: nor does a port of the uplink's bridge" no_pings c6 192.0.2.1
  check_equal "$1: nothing has left" "$before" "$(counted a clear)"
}
count a clear 'iifname "eth0" ip protocol icmp'
check "a container reaches the world" pings c1 198.51.100.7
inside "no tunnel"

configuration on
up b "$work/wgb.conf"
inside "up"
nothing_leaves "up"
check "a container takes the tunnel" pings c1 198.51.100.7

say "a mark does not open the switch for others"
# shellcheck disable=SC2016  # Python's
marked() {  # marked USER: a datagram with the tunnel's mark, from a program with CAP_NET_RAW
  on b setpriv "--reuid=$1" --clear-groups --inh-caps=+net_raw --ambient-caps=+net_raw "$RINGWIRE_PYTHON" -c 'import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.setsockopt(socket.SOL_SOCKET, 36, int(sys.argv[1], 0))
one.sendto(b"hello", ("192.0.2.1", 9))' "$(wg show wgb fwmark)"
}
count a discard 'iifname "eth0" udp dport 9'
check_fails "another user gets an error" marked 65534
check "root is let through" marked 0
check_equal "which is all that has left" 1 "$(counted a discard)"

say "bridges that come and change while the switch is on"
bridge br2 172.20.0.1/16
port 7 br2 && container 7 172.20.0.17/16 172.20.0.1
wait_until 5 "a new bridge is inside as well" pings b 172.20.0.17
ip -n b link add out0 link wan0 type macvlan && ip -n b link set out0 up master br2
closed() { no_pings b 172.20.0.17; }
wait_until 5 "until a port leads out" closed
ip -n b link del out0
wait_until 5 "it is inside again" pings b 172.20.0.17
ip -n b route add 198.51.100.0/24 via 172.20.0.17
wait_until 5 "until a route to the world leads there" closed
ip -n b route del 198.51.100.0/24 via 172.20.0.17
inside "after that"
nothing_leaves "after that"

say "after a crash"
pid=$(pgrep -of 'ringwire up .*/wgb.conf')
kill -KILL "$pid"
wait_until 10 "the interface goes" no_interface b wgb
inside "crashed"
nothing_leaves "crashed"
down b wgb
check_equal "nothing is left" "" "$(on b nft list ruleset)"
