#!/usr/bin/env bash
# The cookbook's hub and spoke: spokes reach each other through the hub if their AllowedIPs allow it, one of them with
# a network of its own, and otherwise not. IPv4 and IPv6.
#
#   inside 192.168.2.9 --- north 192.0.2.2 ---+
#                          south 192.0.2.3 ---+--- 192.0.2.1 hub
#                         island 192.0.2.4 ---+
source "$(dirname "$0")/lib.sh"

host hub north south island inside
on hub sh -c 'ip link add wan0 type bridge && ip link set wan0 up'
address hub wan0 192.0.2.1/24
number=1
for spoke in north south island; do
  number=$((number + 1))
  link $spoke eth0 hub $spoke
  ip -n hub link set $spoke master wan0
  address $spoke eth0 192.0.2.$number/24
done
link north lan0 inside eth0
address north lan0 192.168.2.1/24
address inside eth0 192.168.2.9/24
ip -n inside route add default via 192.168.2.1
new_key hub north south island
for name in hub north south island; do
  cookbook hub-and-spoke/$name.conf
  up $name "$work/$name.conf"
done

say "where AllowedIPs say so"
count south redirects 'icmp type redirect'
on south nft add rule inet seen arriving icmpv6 type nd-redirect counter name redirects
check "from spoke to spoke" pings south 10.77.0.2
check "over IPv6" pings south fd77::2
check "and back" pings north 10.77.0.3
check "to the network behind the other one" pings south 192.168.2.9
check "and from there" pings inside 10.77.0.3
stream tcp south inside 192.168.2.9 7001
stream_goes_on tcp "TCP from spoke to spoke"
stream_ends tcp

check_equal "nobody was told of a shorter way" 0 "$(counted south redirects)"

say "where they don't"
check "the hub reaches the island" pings hub 10.77.0.4
check "and the island the hub" pings island 10.77.0.1
check_fails "the island has no way to a spoke" on island ping -n -q -c 1 -W 0.5 10.77.0.3
before=$(drops island source_not_allowed)
check "no spoke reaches the island" no_pings south 10.77.0.4
check "where its packets arrive and are refused" dropped_more island source_not_allowed "$before"
check "neither over IPv6" no_pings south fd77::4
ip -n south address add 10.77.0.4/32 dev lo
before=$(drops hub source_not_allowed)
check "who says to be another spoke" no_pings south 10.77.0.2 -I 10.77.0.4
check "is refused by the hub" dropped_more hub source_not_allowed "$before"
for name in hub north south island; do down $name $name; done
check_equal "the hub forwards no longer" 0 "$(on hub cat /proc/sys/net/ipv4/ip_forward)"
