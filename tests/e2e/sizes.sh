#!/usr/bin/env bash
# Every packet size from 0 to the MTU passes, IPv4 and IPv6. Larger packets that must not be fragmented get "too big".
# Padding never makes a datagram that the link to the peer must fragment.
#
#   h  10.1.0.2 / fd01::2 ------ 10.1.0.1 / fd01::1  a ------ b        outside: IPv6, so 1420 + 80 = 1500 exactly
source "$(dirname "$0")/lib.sh"

two_hosts
host h
link h eth0 a eth1
address h eth0 10.1.0.2/24 fd01::2/64
address a eth1 10.1.0.1/24 fd01::1/64
ip -n h route add default via 10.1.0.1
ip -n h route add default via fd01::1
router a
ip -n b route add 10.1.0.0/24 dev wgb
ip -n b route add fd01::/64 dev wgb
join_two '[2001:db8::2]:51820' '[2001:db8::1]:51820'
wg set wgb peer "${public[a]}" allowed-ips 10.77.0.1/32,fd77::1/128,10.1.0.0/24,fd01::/64
for side in a b; do count $side fragments 'iifname "eth0" exthdr frag exists'; done

for size in 0 1 15 16 17 63 64 100 500 511 512 513 1000 1279 1280 1281 1359 1360 1361 1371 1372 1390 1391 1392; do
  answered a 10.77.0.2 -M do -s $size || fail "an IPv4 ping of $size bytes is lost"
done
echo "ok: IPv4 pings of 0 to 1392 bytes of data (an MTU of 1420)"
for size in 0 1 15 16 17 500 1231 1232 1233 1359 1360 1370 1371 1372; do
  answered b fd77::1 -M do -s $size || fail "an IPv6 ping of $size bytes is lost"
done
echo "ok: IPv6 pings of 0 to 1372 bytes of data"
spawn b socat -b 65536 UDP4-LISTEN:7,fork PIPE 2>/dev/null &
wait_until 5 "the UDP echo service" output_has ':7\b' on b ss -Hlun
# An echo may come late or not at all; one that comes is whole.
echoed() {
  head -c "$1" /dev/zero | tr '\0' x | on a socat -t 0.3 -b 65536 - UDP4:10.77.0.2:7 | wc -c >"$work/echoed"
  [ "$(cat "$work/echoed")" != 0 ]
}
for size in 1 31 32 100 1000 1391 1392; do
  wait_until 5 "an echo of $size bytes" echoed $size
  [ "$(cat "$work/echoed")" = $size ] || fail "a UDP datagram of $size bytes came back as $(cat "$work/echoed")"
done
echo "ok: UDP datagrams of 1 to 1392 bytes"
for side in a b; do
  check_equal "$side: no datagram was fragmented on the way" 0 "$(counted $side fragments)"
done

say "on a narrower way: 1,379 bytes are 1,299 inside, which is no multiple of 16"
for side in a b; do ip -n $side link set wg$side mtu 1299; done
ip -n a -6 route add 2001:db8::2/128 dev eth0 mtu 1379
ip -n b -6 route add 2001:db8::1/128 dev eth0 mtu 1379
for size in 1250 1253 1268 1269 1270 1271; do
  answered a 10.77.0.2 -M do -s $size || fail "an IPv4 ping of $size bytes is lost"
done
for size in 1232 1249 1250 1251; do
  answered b fd77::1 -M do -s $size || fail "an IPv6 ping of $size bytes is lost"
done
for side in a b; do
  check_equal "$side: padding made no datagram too large for it" 0 "$(counted $side fragments)"
done
for side in a b; do ip -n $side link set wg$side mtu 1420; done
check "with an MTU too large for it, what fills that arrives all the same" pings a 10.77.0.2 -M do -s 1392
check "in fragments" test "$(counted b fragments)" -gt 0
ip -n a -6 route del 2001:db8::2/128 dev eth0
ip -n b -6 route del 2001:db8::1/128 dev eth0

say "above the MTU, from a host behind the gateway"
check "h reaches b" pings h 10.77.0.2
check_soon "IPv4: fragmentation needed, with the MTU" output_has 'Frag needed.*mtu = 1420|message too long, mtu=1420' \
  on h ping -n -c 2 -i 0.2 -W 1 -M do -s 1472 10.77.0.2
check_soon "IPv6: packet too big, with the MTU" output_has 'Packet too big: mtu=1420|message too long, mtu: 1420' \
  on h ping -n -c 2 -i 0.2 -W 1 -M do -s 1452 fd77::2
check "IPv4 without DF arrives in fragments" pings h 10.77.0.2 -M dont -s 4000
check "from a itself: 4,000 and 60,000 bytes in fragments" answered a 10.77.0.2 -s 4000
check "from b itself: 60,000 bytes in fragments" answered b 10.77.0.1 -s 60000
