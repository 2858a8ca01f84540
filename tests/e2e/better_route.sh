#!/usr/bin/env bash
# A better route that appears under a live session is used at once, from its own address, although the session has a
# cached source address. The same when the route goes again.
#
#   a  192.0.2.1 ------ 192.0.2.2  r  203.0.113.2 ------ 203.0.113.1  b      the first path
#   a  198.51.100.1 ----------------------------------- 198.51.100.2  b      the better one, to 203.0.113.1/32
source "$(dirname "$0")/lib.sh"

host a r b
router r
link a eth0 r eth0
link r eth1 b eth0
link a eth1 b eth1
address a eth0 192.0.2.1/24
address r eth0 192.0.2.2/24
address r eth1 203.0.113.2/24
address b eth0 203.0.113.1/24
address a eth1 198.51.100.1/24
address b eth1 198.51.100.2/24
ip -n a route add 203.0.113.0/24 via 192.0.2.2
ip -n b route add 192.0.2.0/24 via 203.0.113.2
new_key a b
start a wga
start b wgb
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
join_two 203.0.113.1:51820 -
stream tcp a b 10.77.0.2 5000
check_equal "b sees a on the first path" 192.0.2.1:51820 "$(endpoint wgb)"

# follows WHAT INTERFACE ENDPOINT: at once b sees a there, and nothing of a's takes the other way any more.
follows() {
  local other=eth0
  [ "$2" = eth0 ] && other=eth1
  wait_until 1 "$1: b sees a at its address there" prints "$3" endpoint wgb
  echo "ok: $1: b sees a at its address there"
  on b nft 'flush ruleset'
  count b there "iifname $2 ip saddr ${3%:*} udp dport 51820"
  count b elsewhere "iifname $other udp dport 51820"
  stream_goes_on tcp "$1: TCP goes on"
  (($(counted b there) > 20)) || fail "$1: a's datagrams do not take it"
  check_equal "$1: all of a's datagrams take it" 0 "$(counted b elsewhere)"
  check_equal "$1: it stays so" "$3" "$(endpoint wgb)"
}
ip -n a route add 203.0.113.1/32 via 198.51.100.2
follows "a better route" eth1 198.51.100.1:51820
ip -n a route del 203.0.113.1/32 via 198.51.100.2
follows "without it" eth0 192.0.2.1:51820

ip -n a rule add ipproto udp dport 51820 lookup 77 priority 77
ip -n a route add 203.0.113.1/32 via 198.51.100.2 table 77
follows "by a rule" eth1 198.51.100.1:51820
ip -n a link set eth1 down
follows "the link of the better route goes down" eth0 192.0.2.1:51820
stream_ends tcp
