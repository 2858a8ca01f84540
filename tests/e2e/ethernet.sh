#!/usr/bin/env bash
# The cookbook's Ethernet segment over a tunnel: hosts of two sites are neighbours, by ARP, DHCP and IPv6 neighbour
# discovery, with a plain WireGuard peer that sets the same VXLAN up by hand on the other side. It follows the peers of the
# device, also in a namespace, and down leaves nothing. Frames from outside of the tunnel do not get in; those that do not fit are counted.
#
#   ha 192.168.7.10 ---- br0 a 192.0.2.1, 10.77.0.1 (the tunnel) 10.77.0.2, 192.0.2.2 b br0 ---- 192.168.7.20 hb
source "$(dirname "$0")/lib.sh"
command -v bridge >/dev/null || skip "bridge (iproute2)"

two_bare_hosts
on a ip link add rwprobe type vxlan id 1 dstport 4789 2>/dev/null || skip "VXLAN in the kernel"
ip -n a link delete rwprobe
host ha hb
link a lan0 ha eth0
link b lan0 hb eth0
address ha eth0 192.168.7.10/24 fd07::10/64
address hb eth0 192.168.7.20/24 fd07::20/64
links() { ip -n a -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/'; }
links_before=$(links)
cookbook ethernet/a.conf
start b wgb go
set_up b wgb b 51820 10.77.0.2/24
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.1/32
ip -n b link add vx0 type vxlan id 77 dev wgb local 10.77.0.2 dstport 4789
on b bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.77.0.1
ip -n b link add br0 type bridge
for port in vx0 lan0; do ip -n b link set "$port" master br0 up; done
ip -n b link set br0 up

entries() { on a bridge fdb show dev vxa | awk '$1 == "00:00:00:00:00:00" { print $3 }' | sort | xargs; }
hardware() { ip -n "$1" -o link show eth0 | sed 's/.*ether \([^ ]*\).*/\1/'; }
mtu() { ip -n a -o link show "$1" | grep -o 'mtu [0-9]*'; }

say "a bridge that ringwire makes"
up a "$work/a.conf"
ip -n a link set lan0 master br0
check_equal "each peer has an entry" 10.77.0.2 "$(entries)"
check_equal "the segment fits into the tunnel" 'mtu 1370' "$(mtu vxa)"
check_soon "hosts of both sites are neighbours, by ARP" answered ha 192.168.7.20
check "with the other's own hardware address" output_has "$(hardware hb)" ip -n ha neighbour show 192.168.7.20
check_soon "by IPv6 neighbour discovery" answered ha fd07::20
spawn hb "$RINGWIRE_PYTHON" "$e2e_dir/tools/dhcp.py" serve eth0 192.168.7.20 192.168.7.99 >>"$work/dhcp.log" 2>&1 &
dhcp=$!
check_equal "and by DHCP" 192.168.7.99 "$(on ha "$RINGWIRE_PYTHON" "$e2e_dir/tools/dhcp.py" lease eth0)"
kill "$dhcp"

say "frames that are too large"
too_large() { on a nft list table bridge ringwire-a | sed -n 's/.*counter packets \([0-9]*\).*/\1/p'; }
ping_of() { on ha ping -n -q -c 1 -W "${2:-5}" -s "$1" 192.168.7.20; }  # ping_of BYTES [SECONDS]
check "1370 bytes fit" tries ping_of 1342
check_equal "which are not counted" 0 "$(too_large)"
check_fails "1371 bytes do not" ping_of 1343 0.5
check_equal "which are" 1 "$(too_large)"
spawn hb socat -u TCP-LISTEN:9000,reuseaddr "CREATE:$work/received" &
receiver=$!
wait_until 10 "a listener" output_has ':9000' on hb ss -Hltn
head -c 300000 /dev/urandom >"$work/sent"
check "TCP is told what fits" on ha socat -u "FILE:$work/sent" TCP:192.168.7.20:9000
wait "$receiver"
check "and everything arrives" cmp "$work/sent" "$work/received"

say "frames from outside of the tunnel"
frame() { on b "$RINGWIRE_PYTHON" "$e2e_dir/tools/vxlan_frame.py" "$1" "$2" 77 "$3" 192.168.7.10; }
knows() { output_has 'lladdr 02:00:00:00:00:66' ip -n ha neighbour show "$1"; }
frame 192.0.2.2 192.0.2.1 192.168.7.66
frame 192.0.2.2 10.77.0.1 192.168.7.66
frame 10.77.0.2 10.77.0.1 192.168.7.67
check_soon "one from the tunnel gets in" knows 192.168.7.67
check_fails "one from the uplink does not" knows 192.168.7.66

say "peers that come and go"
new_key c
wg set a peer "${public[c]}" allowed-ips 10.77.0.3/32,10.50.0.0/16
wait_until 10 "a new peer gets an entry" prints '10.77.0.2 10.77.0.3' entries
wg set a peer "${public[c]}" allowed-ips 10.77.0.4/32
wait_until 10 "its entry follows its address" prints '10.77.0.2 10.77.0.4' entries
"$RINGWIRE" save a
"$RINGWIRE" reload a 2>"$work/reload.log"
check_equal "a reload keeps it" '10.77.0.2 10.77.0.4' "$(entries)"
wg set a peer "${public[c]}" allowed-ips 10.50.0.0/16
wait_until 10 "a peer without an address of its own has none" prints 10.77.0.2 entries
wg set a peer "${public[c]}" remove
"$RINGWIRE" save a
check "the segment works on" answered ha 192.168.7.20
sed -i 's/^Bridge = br0/&\nForward = off/' "$work/a.conf"
"$RINGWIRE" reload a
check "also after a reload" answered ha 192.168.7.20

say "the end"
ip -n a link set lan0 nomaster
down a a
check_equal "down leaves no link" "$links_before" "$(links)"

say "a bridge that is there, and a crash"
ip -n a link add br0 type bridge
ip -n a link set lan0 master br0
ip -n a link set br0 up
links_before=$(links)
up a "$work/a.conf"
check_equal "it has the MTU of its least port" 'mtu 1370' "$(mtu br0)"
check_soon "frames pass" answered ha 192.168.7.20
# shellcheck disable=SC2046  # two numbers
kill -KILL $(pgrep -of "ringwire up .*/a.conf") $(pgrep -x ringwire -P "$(pgrep -of "ringwire up .*/a.conf")")
wait_until 10 "the device goes with the interface of a killed service" no_interface a vxa
up a "$work/a.conf"
check_soon "the next one is in the segment again" answered ha 192.168.7.20
down a a
check_equal "down leaves the bridge as it was" "$links_before" "$(links)"
check_equal "with its MTU" 'mtu 1500' "$(mtu br0)"
check "and its port" output_has 'master br0' ip -n a link show lan0

say "inside of a namespace"
host hc
link hc eth0 a lan1
address hc eth0 192.168.7.30/24
inside() { ip netns exec segment "$@"; }
entries_inside() { inside bridge fdb show dev vxa | awk '$1 == "00:00:00:00:00:00" { print $3 }' | sort | xargs; }
tables() { on a nft list tables; }
tables_before=$(tables)
cp -p "$work/a.conf" "$work/outside.conf"
sed -i 's/^Bridge = .*/Namespace = segment\nBridge = br1/' "$work/a.conf"
up a "$work/a.conf"
check_equal "the host has no link of it" "$links_before" "$(links | grep -vx lan1)"
check_equal "nor a table" "$tables_before" "$(tables)"
check_equal "each peer has an entry" 10.77.0.2 "$(entries_inside)"
ip -n a link set lan1 netns segment
ip -n segment link set lan1 master br1 up
check_soon "frames pass to the other site" answered hc 192.168.7.20
knows_inside() { output_has 'lladdr 02:00:00:00:00:66' ip -n hc neighbour show "$1"; }
frame_inside() { on b "$RINGWIRE_PYTHON" "$e2e_dir/tools/vxlan_frame.py" 10.77.0.2 10.77.0.1 77 "$1" 192.168.7.30; }
frame_inside 192.168.7.69
check_soon "one from the tunnel gets in" knows_inside 192.168.7.69
new_key d
wg set a peer "${public[d]}" allowed-ips 10.77.0.5/32
wait_until 10 "it follows the peers" prints '10.77.0.2 10.77.0.5' entries_inside
wg set a peer "${public[d]}" remove
wait_until 10 "also one that goes" prints 10.77.0.2 entries_inside
ip -n segment link set lan1 nomaster
ip -n segment link set lan1 netns a
down a a
check_fails "down removes the namespace" test -e /run/netns/segment
check_equal "and leaves no link" "$links_before" "$(links | grep -vx lan1)"
check_equal "nor a table" "$tables_before" "$(tables)"
mv "$work/outside.conf" "$work/a.conf"

say "a tunnel for full frames"
sed -i 's/^Address = .*/&\nMTU = 1550/' "$work/a.conf"
ip -n b link set wgb mtu 1550
ip -n b link set vx0 mtu 1500
up a "$work/a.conf"
check_equal "the segment has the MTU of Ethernet" 'mtu 1500' "$(mtu br0)"
check_soon "which passes" ping_of 1472
down a a

say "an address of IPv6, and what cannot be"
sed -i 's/^Address = .*/Address = fd77::1\/64/' "$work/a.conf"
check "a peer without an address of that family is named" output_has 'leaves out the peer site B.*single IPv6 address' "$RINGWIRE" check "$work/a.conf"
sed -i 's/^Bridge = .*/Bridge = lan0/' "$work/a.conf"
check "another link is no bridge" output_has 'cannot use lan0 as a bridge' up a "$work/a.conf"
