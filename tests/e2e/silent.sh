#!/usr/bin/env bash
# A new interface says nothing by itself, as WireGuard of the kernel: on a host with the kernel's usual settings, which
# also forwards, it has no address and no group that the file does not give it, and takes no router's word. Each packet
# of the host's own would start a handshake.
source "$(dirname "$0")/lib.sh"

host a b
link a eth0 b eth0
address b eth0 192.0.2.2/24
new_key a b
on b sh -c 'cd /proc/sys/net/ipv6/conf && echo 0 >default/addr_gen_mode && echo 2 >default/accept_ra && echo 1 >all/forwarding'
cat >"$work/wgb.conf" <<EOF
[Interface]
PrivateKey = ${private[b]}
Address = 10.77.0.2/24, fd77::2/64, fe80::77:2/64
[Peer]
PublicKey = ${public[a]}
Endpoint = 192.0.2.1:51820
AllowedIPs = 10.77.0.0/24, ::/0
EOF
chmod 600 "$work/wgb.conf"
setting() { on b cat "/proc/sys/net/ipv6/conf/$1/$2"; }
# The kernel lists groups by number, and reports all but that of all nodes.
groups() { on b awk -v name="$1" '$2 == name && $3 !~ /^ff0[12]0*1$/ { print $3 }' /proc/net/igmp6; }
is_silent() {  # is_silent WHAT IF
  check_equal "$1: the kernel makes no address" 1 "$(setting "$2" addr_gen_mode)"
  check_equal "$1: no router is believed" 0 "$(setting "$2" accept_ra)"
  check_equal "$1: no group is joined" "" "$(groups "$2")"
}

start b wgd
ip -n b link set wgd up
is_silent "the program for one interface" wgd
check_equal "it has no address" "" "$(ip -n b -o address show dev wgd)"
stop wgd
on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf"
is_silent "up" wgb
check_equal "its link-local address is the file's" fe80::77:2/64 "$(ip -n b -6 -o address show dev wgb scope link | awk '{ print $4 }')"
check "nothing was sent" output_has '"tx":\{"bytes":0,"packets":0,' ip -n b -j -s link show wgb
on b "$RINGWIRE" down wgb
