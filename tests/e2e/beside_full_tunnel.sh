#!/usr/bin/env bash
# What goes on beside a full tunnel without a kill switch: routes that the file's own hooks add, a server of this host,
# sockets that are bound to another interface, name servers of the link, and a family that the tunnel does not carry.
#
#   b (client; server for p) 192.0.2.2 --- 192.0.2.66 m (router; LAN 192.168.50.9; phone p) 203.0.113.66 --- 203.0.113.1 a (gateway)
source "$(dirname "$0")/lib.sh"

world=198.51.100.7 world6=2001:db8:7::7
host a m b
link b eth0 m lan0
link m wan0 a eth0
address b eth0 192.0.2.2/24 2001:db8:2::2/64
address m lan0 192.0.2.66/24 2001:db8:2::66/64
address m wan0 203.0.113.66/24 2001:db8:3::66/64
address m lo 192.168.50.9/32 203.0.113.5/32 198.51.100.99/32
address a eth0 203.0.113.1/24 2001:db8:3::1/64
address a lo $world/32 $world6/128
router m
ip -n b route add default via 192.0.2.66 && ip -n b -6 route add default via 2001:db8:2::66
ip -n a route add default via 203.0.113.66 && ip -n a -6 route add default via 2001:db8:3::66
ip -n m route add $world/32 via 203.0.113.1 && ip -n m -6 route add $world6/128 via 2001:db8:3::1
new_key a b s p
start a wga
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,fd77::2/128
file() {  # file [ALLOWED [LINES]]
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 10.77.0.2/32, fd77::2/128\n%s\n[Peer]\nPublicKey = %s\nAllowedIPs = %s\nEndpoint = 203.0.113.1:51820\n' \
    "${private[b]}" "${2:-}" "${public[a]}" "${1:-0.0.0.0/0, ::/0}" >"$work/wgb.conf")
}
up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/$1.conf"; }
down() { on b "$RINGWIRE" down "$1"; }
goes_by() { output_has "dev $2 " ip -n b route get "$1"; }  # goes_by ADDRESS INTERFACE

say "routes of the file's own hooks"
file '' $'PreUp = ip route add 203.0.113.5 via 192.0.2.66\nPostUp = ip route add 192.168.0.0/16 via 192.0.2.66\nPostDown = ip route del 203.0.113.5; ip route del 192.168.0.0/16'
up wgb
check "the world takes the tunnel" pings b $world
check "a single host of a PreUp does not" goes_by 203.0.113.5 eth0
check "nor a network of a PostUp" pings b 192.168.50.9
check "which reaches this host, too" pings m 192.0.2.2 -I 192.168.50.9
ip -n b route add 172.20.99.0/24 via 192.0.2.66
check "a later route is nobody's word" goes_by 172.20.99.1 wgb
ip -n b route del 172.20.99.0/24
on b "$RINGWIRE" reload wgb
check "a reload keeps them, the host" goes_by 203.0.113.5 eth0
check "and the network" goes_by 192.168.50.9 eth0
down wgb

say "a server on the same host"
(umask 077 && printf '[Interface]\nPrivateKey = %s\nListenPort = 51900\nAddress = 10.88.0.1/24\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.88.0.2/32\n' \
  "${private[s]}" "${public[p]}" >"$work/wgs.conf")
start m wgp
set_up m wgp p 0 10.88.0.2/24
wg set wgp peer "${public[s]}" endpoint 192.0.2.2:51900 allowed-ips 10.88.0.1/32
ip -n m route replace 192.0.2.2/32 dev lan0 src 198.51.100.99  # an address of the world
file
on b sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/rp_filter'
up wgs
up wgb
check "up before the tunnel, it is reached" pings m 10.88.0.1
check "and the tunnel works" pings b $world
down wgs
no_rule_for_port() { ! output_has 51900 ip -n b rule; }
check_soon "its rule goes with it" no_rule_for_port
up wgs
check_soon "up after the tunnel, its rule comes" output_has 'sport 51900' ip -n b rule
check "and it is reached again" pings m 10.88.0.1
down wgs
on b sh -c 'echo 0 >/proc/sys/net/ipv4/conf/eth0/rp_filter'

say "sockets that are bound to the uplink"
count m left "iifname \"lan0\" ip daddr $world udp dport 9"
left() { (($(counted m left) >= $1)); }
# Sends a datagram to port 9 of each address, bound in three ways, as a user without rights; fails where one could be sent.
cat >"$work/bound.py" <<'EOF'
import os, socket, struct, sys
os.setgid(65534)
os.setuid(65534)
index = socket.if_nametoindex("eth0")
def by_device(s, v6): s.setsockopt(socket.SOL_SOCKET, 25, b"eth0\0")
def by_unicast_if(s, v6): s.setsockopt(41 if v6 else 0, 76 if v6 else 50, struct.pack("!I", index))
def by_pktinfo(s, v6):
    information = struct.pack("@16sI", bytes(16), index) if v6 else struct.pack("@I4s4s", index, bytes(4), bytes(4))
    return [(41 if v6 else 0, 50 if v6 else 8, information)]
for to in sys.argv[1:]:
    for bind in (by_device, by_unicast_if, by_pktinfo):
        v6 = ":" in to
        s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
        ancillary = bind(s, v6) or []
        try:
            s.sendmsg([b"x"], ancillary, 0, (to, 9))
            print(bind.__name__, to, "was sent")
        except OSError:
            pass
EOF
sent() { on b "$RINGWIRE_PYTHON" "$work/bound.py" "$@"; }
check_equal "none leaves" "" "$(sent $world $world6)"
check_equal "nothing was seen behind it" 0 "$(counted m left)"
check "neighbours are in reach" output_has 'by_device 192.0.2.66 was sent' sent 192.0.2.66
check "in both families" output_has 'by_pktinfo 2001:db8:2::66 was sent' sent 2001:db8:2::66
ip -n b rule add priority 100 uidrange 65534-65534 table main
check "a rule of the host's own leads around the tunnel" on b setpriv --reuid 65534 --regid 65534 --clear-groups "$RINGWIRE_PYTHON" -c \
  "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('$world', 9))"
check_soon "as with wg-quick" left 1
ip -n b rule del priority 100
down wgb
check "without the tunnel a bound socket is as good as another" output_has "by_device $world was sent" sent $world

say "name servers, and the other family"
printf 'nameserver 192.0.2.66\n' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
file '0.0.0.0/0'
up wgb 2>"$work/up.log" >&2
check "a server of the link is named" grep -q 'this host asks 192.0.2.66 in the local network 192.0.2.0/24' "$work/up.log"
check "and a family that goes by the uplink" grep -q 'IPv6 traffic leaves this host outside the tunnel' "$work/up.log"
down wgb
file '' 'DNS = 192.0.2.53'
up wgb 2>"$work/up.log" >&2
check "a server of the file takes the tunnel" goes_by 192.0.2.53 wgb
check "although a network of the link has it" grep -q '192.0.2.53 is also an address of 192.0.2.0/24' "$work/up.log"
check "the rest of that network stays on the link" goes_by 192.0.2.66 eth0
down wgb
