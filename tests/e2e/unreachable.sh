#!/usr/bin/env bash
# The gateway answers a packet that it cannot deliver with ICMP to the sending host: no peer for the address, or a
# peer without an endpoint.
#
#   h  10.1.0.2 / fd01::2 ------ a  wga: routes to 10.99.0.0/16 and fd99::/64
source "$(dirname "$0")/lib.sh"

host h a
router a
link h eth0 a eth1
address h eth0 10.1.0.2/24 fd01::2/64
address a eth1 10.1.0.1/24 fd01::1/64
ip -n h route add default via 10.1.0.1
ip -n h route add default via fd01::1
new_key a b
start a wga
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
ip -n a route add 10.99.0.0/16 dev wga
ip -n a route add fd99::/64 dev wga
wg set wga peer "${public[b]}" allowed-ips 10.99.2.0/24,fd99::2/128

refused() { output_has "$1" on h ping -n -c 2 -i 0.3 -W 1 "$2"; }
check_soon "IPv4, no peer: host unreachable" refused 'Destination Host Unreachable' 10.99.1.1
check_soon "IPv6, no peer: unreachable" refused 'Destination unreachable' fd99::1
check_soon "IPv4, a peer without an endpoint: host unreachable" refused 'Destination Host Unreachable' 10.99.2.1
check_soon "IPv6, a peer without an endpoint: unreachable" refused 'Destination unreachable' fd99::2
(($(drops wga no_peer_for_destination) >= 2)) || fail "no_peer_for_destination was not counted"
(($(drops wga peer_has_no_endpoint) >= 2)) || fail "peer_has_no_endpoint was not counted"
echo "ok: both are counted"
check "TCP fails at once instead of timing out" output_has 'No route to host|unreachable' \
  on h socat -T 5 - TCP4:10.99.1.1:80,connect-timeout=5

say "h is hidden behind a's tunnel address"
on a nft -f - <<'NFT'
add table inet nat
add chain inet nat outgoing { type nat hook postrouting priority 100; }
add rule inet nat outgoing oifname "wga" counter masquerade
NFT
# What comes back must be about the packet as h sent it, or h does not know what to do with it.
for to in 10.99.1.2 fd99::9 10.99.2.2; do
  check_soon "$to: ping is told" refused 'Destination (Host )?[Uu]nreachable' $to
done
for to in TCP4:10.99.1.2:80 'TCP6:[fd99::9]:80'; do
  check "$to: TCP fails at once" output_has 'No route to host|unreachable' on h socat -T 5 - "$to,connect-timeout=5"
done
check "a did hide it" output_has 'packets [1-9]' on a nft list chain inet nat outgoing
