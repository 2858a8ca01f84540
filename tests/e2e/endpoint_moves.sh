#!/usr/bin/env bash
# A peer whose endpoint is a name goes silent. After some unanswered initiations ringwire looks the name up again, and
# with a new address the tunnel works again, without a reload and without a packet from the peer.
#
#   a (run) ------ b
source "$(dirname "$0")/lib.sh"

two_bare_hosts
printf 'hosts: files\n' >"$work/nsswitch.conf"
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
echo '192.0.2.2 b.example.test' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
(umask 077 && cat >"$work/wga.conf" <<TEXT
[Interface]
PrivateKey = ${private[a]}
Address = 10.77.0.1/24
[Peer]
PublicKey = ${public[b]}
AllowedIPs = 10.77.0.2/32
Endpoint = b.example.test:51820
TEXT
)
start b wgb
set_up b wgb b 51820 10.77.0.2/24
wg set wgb peer "${public[a]}" allowed-ips 10.77.0.1/32
spawn a "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >>"$work/wga.log" 2>&1 &
daemon_pid[wga]=$! daemon_host[wga]=a
answers() { on a ping -n -q -c 1 -W 1 10.77.0.2; }
wait_until 10 "the tunnel works" answers
check_equal "where the name says" 192.0.2.2:51820 "$(endpoint wga)"

say "b moves to another address, and forgets a"
stop wgb
ip -n b address del 192.0.2.2/24 dev eth0
address b eth0 192.0.2.3/24
start b wgb cold
set_up b wgb b 51820 10.77.0.2/24
wg set wgb peer "${public[a]}" allowed-ips 10.77.0.1/32
echo '192.0.2.3 b.example.test' >"$work/hosts"
check_fails "a knows nothing of it" answers
check_equal "and still sends to the old address" 192.0.2.2:51820 "$(endpoint wga)"
# 15 s until the first initiation of a session that does not answer, then some of them, 5 s apart.
wait_until 120 "the name is looked up again" prints 192.0.2.3:51820 endpoint wga
wait_until 10 "the tunnel works again" answers
check "and goes on working" pings a 10.77.0.2
check "the log says where the peer went" grep -qF 'b.example.test is at 192.0.2.3' "$work/wga.log"
