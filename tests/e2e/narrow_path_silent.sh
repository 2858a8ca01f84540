#!/usr/bin/env bash
# A path that drops large datagrams and reports nothing: over IPv6 no router fragments, and the one here sends no
# ICMPv6. The tunnel finds the path's MTU by itself: `narrow_path_silent.sh ringwire|go`, the implementation on b.
#
#   a 2001:db8:1::1 ------ 2001:db8:1::66 m 2001:db8:2::66 ---(1400)--- 2001:db8:2::1 b
source "$(dirname "$0")/lib.sh"
kind=${1:-ringwire}

host a m b
router m
link a eth0 m lan0
link m wan0 b eth0
for end in m:wan0 b:eth0; do ip -n "${end%:*}" link set "${end#*:}" mtu 1400; done
address a eth0 2001:db8:1::1/64
address m lan0 2001:db8:1::66/64
address m wan0 2001:db8:2::66/64
address b eth0 2001:db8:2::1/64
# Neighbours of a router that look for it by a link-local address.
for end in a:eth0:1 m:lan0:66 m:wan0:67 b:eth0:2; do
  IFS=: read -r name interface number <<<"$end"
  address "$name" "$interface" "fe80::$number/64"
done
ip -n a route add default via 2001:db8:1::66
ip -n b route add default via 2001:db8:2::66
on m nft 'add table ip6 quiet; add chain ip6 quiet output { type filter hook output priority 0; };
  add rule ip6 quiet output icmpv6 type packet-too-big counter drop'
new_key a b
start a wga
start b wgb "$kind"
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
join_two '[2001:db8:2::1]:51820' '[2001:db8:1::1]:51820'
count b large_mss 'meta nfproto ipv4 tcp flags & syn == syn tcp option maxseg size > 1272'

path_mtu() { status wga "status['peers'][0].get('path_mtu', 0)"; }
narrow() { (($(path_mtu) > 0)); }

check "small packets" pings a 10.77.0.2
check_equal "no packet has asked for more yet" 0 "$(path_mtu)"
# Full segments from the first one on.
head -c 2000000 /dev/urandom >"$work/sent"
spawn b socat -u TCP-LISTEN:7001,bind=10.77.0.2 OPEN:"$work/received",creat,trunc &
wait_until 10 "the receiver" listening b 7001
spawn a socat -u OPEN:"$work/sent" TCP:10.77.0.2:7001 &
wait_until 120 "the gateway finds that the path is narrow" narrow
wait_until 150 "the TCP connection that was stuck" cmp "$work/sent" "$work/received"
echo "ok: a TCP connection gets through that sent full segments before"
if [ "$kind" = ringwire ]; then
  wait_until 60 "the width of the path" prints 1312 path_mtu
  check "packets as large as the path" pings a 10.77.0.2 -s 1284 -M do
fi
check "ringwire show names it" output_has "path mtu: $(path_mtu) " on a "$RINGWIRE" show wga
check_soon "larger ones are refused, as by a router" output_has "mtu ?= ?$(path_mtu)" \
  on a ping -n -c 1 -W 1 -s 1392 -M do 10.77.0.2
check "larger ones that may be cut are" pings a 10.77.0.2 -s 1392 -M dont
before=$(counted b large_mss)
stream second a b 10.77.0.2 7002
stream_goes_on second "another connection"
stream_ends second
check_equal "begins with segments that fit" "$before" "$(counted b large_mss)"
