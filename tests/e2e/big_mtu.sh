#!/usr/bin/env bash
# A tunnel MTU of 34,000 bytes on a link that carries it: pings, UDP and TCP of that size, unfragmented.
#
#   a ---(MTU 40,000)--- b
source "$(dirname "$0")/lib.sh"

LINK_MTU=40000 MTU=34000 two_hosts
join_two
for side in a b; do count $side fragments 'iifname "eth0" exthdr frag exists'; done
check "IPv4 pings that fill the MTU" pings a 10.77.0.2 -M do -s 33972
check "IPv6 pings that fill the MTU" pings b fd77::1 -M do -s 33952
for size in 1500 9000 16383 16384 20001 33971; do
  answered a 10.77.0.2 -M do -s $size || fail "a ping of $size bytes is lost"
done
echo "ok: sizes between"
stream tcp a b 10.77.0.2 5000
stream_goes_on tcp "TCP"
stream_ends tcp
head -c 20000000 /dev/urandom >"$work/sent"
spawn b socat -u TCP6-LISTEN:5001 "OPEN:$work/received,creat" &
receiver=$!
wait_until 5 "b listens" listening b 5001
check "20 MB by TCP" on a socat -u -b 200000 "OPEN:$work/sent" 'TCP6:[fd77::2]:5001'
wait $receiver
check "arrive unchanged" cmp "$work/sent" "$work/received"
for side in a b; do check_equal "$side: no fragment came over the link" 0 "$(counted $side fragments)"; done
