#!/usr/bin/env bash
# A masquerading gateway serves all peers on one port. A peer whose own datagrams come from that number must not get
# what another one sends to the gateway's port: neither its handshakes nor its data.
#
#   attacker 192.0.2.2 ---+
#                         +--- 192.0.2.1 gateway
#   victim   192.0.2.3 ---+
source "$(dirname "$0")/lib.sh"

host gateway attacker victim
on gateway sh -c 'ip link add lan0 type bridge && ip link set lan0 up'
address gateway lan0 192.0.2.1/24
number=1
for name in attacker victim; do
  number=$((number + 1))
  link $name eth0 gateway $name
  ip -n gateway link set $name master lan0
  address $name eth0 192.0.2.$number/24
done
new_key gateway attacker victim
number=1
for name in attacker victim; do
  number=$((number + 1))
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nListenPort = %s\nAddress = 10.77.0.%s/32\n[Peer]\nPublicKey = %s
AllowedIPs = %s\nEndpoint = 192.0.2.1:51820\n' "${private[$name]}" $((number == 2 ? 51999 : 51820)) $number "${public[gateway]}" 10.77.0.1/32 >"$work/$name.conf")
done
(umask 077 && cat >"$work/gateway.conf") <<CONF
[Interface]
PrivateKey = ${private[gateway]}
ListenPort = 51820
Address = 10.77.0.1/24
[Gateway]
Masquerade = auto
[Peer]
PublicKey = ${public[attacker]}
AllowedIPs = 10.77.0.2/32
[Peer]
PublicKey = ${public[victim]}
AllowedIPs = 10.77.0.3/32
CONF
# The attacker reaches the victim's public address through the tunnel.
sed -i 's,^AllowedIPs.*,&\, 192.0.2.3/32,' "$work/attacker.conf"
up gateway "$work/gateway.conf"
up attacker "$work/attacker.conf"
check "the attacker is a peer" pings attacker 10.77.0.1
count victim asked 'udp dport 51820 ip saddr 192.0.2.1'
# shellcheck disable=SC2016  # Python's
spawn attacker "$RINGWIRE_PYTHON" -c 'import select, socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(("10.77.0.2", 51820))
while True:
    one.sendto(b"hello", ("192.0.2.3", 51820))
    if select.select([one], [], [], 0.05)[0]:
        try:
            print(one.recv(2000)[:4].hex(), file=open(sys.argv[1], "a"), flush=True)
        except ConnectionRefusedError:
            pass' "$work/taken" >>"$work/attacker.log" 2>&1 &
asked() { (($(counted victim asked) > 0)); }
wait_until 5 "its datagrams reach the victim" asked

up victim "$work/victim.conf"
check "the victim reaches the gateway" pings victim 10.77.0.1
[ ! -s "$work/taken" ] || fail "the attacker has got the victim's messages: $(sort "$work/taken" | uniq -c)"
echo "ok: the attacker gets nothing of the victim's"
for name in victim attacker gateway; do down $name $name; done
