#!/usr/bin/env bash
# The cookbook's port forward: a host behind the tunnel serves a public port of the gateway and sees the client's
# address. The server has a default route of its own, through which no reply may leave.
#
#   c 198.51.100.9 ------- 198.51.100.1 g 192.0.2.1 ======= 192.0.2.2 s 192.168.2.1 ------- h 192.168.2.9
#   2001:db8:51::9         2001:db8:51::1                             s 203.0.113.2         fd02::9
#                                                                     |
#                                                                     r 203.0.113.1 (default route of s)
source "$(dirname "$0")/lib.sh"
command -v nginx >/dev/null || skip "nginx (./dev setup)"
mkdir -p /var/lib/nginx  # of the test's own /var/lib

host c g s r h
link c eth0 g pub0
link g eth0 s eth0
link s up0 r eth0
link s lan0 h eth0
address c eth0 198.51.100.9/24 2001:db8:51::9/64
address g pub0 198.51.100.1/24 2001:db8:51::1/64
address g eth0 192.0.2.1/24
address s eth0 192.0.2.2/24
address s up0 203.0.113.2/24 2001:db8:203::2/64
address r eth0 203.0.113.1/24 2001:db8:203::1/64
address s lan0 192.168.2.1/24 fd02::1/64
address h eth0 192.168.2.9/24 fd02::9/64
# Neighbours of a router that look for it by a link-local address.
for end in c:eth0:c g:pub0:a s:up0:5 r:eth0:4 s:lan0:1 h:eth0:9; do
  IFS=: read -r name interface number <<<"$end"
  address "$name" "$interface" "fe80::$number/64"
done
ip -n s route add default via 203.0.113.1 && ip -n s -6 route add default via 2001:db8:203::1
ip -n h route add default via 192.168.2.1 && ip -n h -6 route add default via fd02::1
# As most distributions: what comes from where no route leads is dropped; by its mark, as beside a full tunnel.
on s sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter && echo 1 >/proc/sys/net/ipv4/conf/all/src_valid_mark'
count r strayed 'ip daddr 198.51.100.9'
on r nft 'add counter inet seen strayed6; add rule inet seen arriving ip6 daddr 2001:db8:51::9 counter name strayed6'
count g pinged 'iifname "wgg" meta l4proto { icmp, ipv6-icmp } @th,0,8 { 8, 128 }'  # requests, of either

new_key gateway server
for end in g:gateway s:server; do
  cookbook "port-forward/${end#*:}.conf"
  mv "$work/${end#*:}.conf" "$work/wg${end%:*}.conf"
done
up() { on "$1" "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wg$1${2:-}.conf"; }  # up HOST [NUMBER OF ITS TUNNEL]
down() { on "$1" "$RINGWIRE" down "wg$1${2:-}"; }
serve() {  # serve HOST: nginx, which answers with the address of its client, and logs it
  cat >"$work/nginx-$1.conf" <<CONF
    pid $work/nginx-$1.pid;
    error_log $work/nginx-$1.log;
    worker_processes 1;
    daemon off;
    events {}
    http {
      access_log $work/access-$1;
      server { listen 80; listen [::]:80 ipv6only=on; root $work; location = / { return 200 "\$remote_addr\\n"; } }
    }
CONF
  spawn "$1" nginx -e "$work/nginx-$1.log" -c "$work/nginx-$1.conf" &
  wait_until 10 "nginx on $1" listening "$1" 80
}
get() { on "$1" curl -sS --max-time "${3:-$patience}" "http://$2"; }
public4=198.51.100.1 public6='[2001:db8:51::1]'
# echo_udp HOST UDP4|UDP6 PORT [SOCAT OPTION]: sends back each datagram with the address that it has come from.
echo_udp() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  spawn "$1" socat -T "$patience" "$2-RECVFROM:$3,fork${4:+,$4}" 'SYSTEM:read word; echo "$word $SOCAT_PEERADDR"' \
    >>"$work/udp.log" 2>&1 &
}
ask_udp() {  # ask_udp HOST ADDRESS PORT [SECONDS]
  on "$1" "$RINGWIRE_PYTHON" -c 'import socket, sys
remote = socket.getaddrinfo(sys.argv[1].strip("[]"), int(sys.argv[2]), type=socket.SOCK_DGRAM)[0]
asking = socket.socket(remote[0], socket.SOCK_DGRAM)
asking.settimeout(int(sys.argv[3]))
asking.connect(remote[4])
asking.send(b"hello\n")
print(asking.recv(99).decode().strip())' "$2" "$3" "${4:-$patience}"
}
question() { on "$1" "$RINGWIRE_PYTHON" "$e2e_dir/tools/question.py" "${@:2}"; }  # question HOST MODE...
# A client that is sending whatever comes of it, from one port: keeps_asking NAME ADDRESS PORT; `came_of NAME` is the last of it.
keeps_asking() {
  spawn c "$RINGWIRE_PYTHON" "$e2e_dir/tools/question.py" keep "$work/asked-$1" "$2" "$3" >>"$work/udp.log" 2>&1 &
  asker_pid[$1]=$!
}
came_of() { cat "$work/asked-$1"; }
answered4="hello 198.51.100.9" answered6="hello 2001:db8:51::9"
snapshot() {  # everything on a host that up may change
  on "$1" sh -c 'ip link | grep -o "^[0-9]*: [^:]*"; ip address | grep inet; ip rule; ip -6 rule; ip route show table all
    ip -6 route show table all | sed "s/ expires.*//"; nft list ruleset | grep -v counter
    grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv4/conf/*/rp_filter'
  find /run/ringwire /run/wireguard -name "wg$1*" ! -name '*.log*' 2>/dev/null || true
}
as_before() {  # as_before HOST WHAT
  snapshot "$1" >"$work/after"
  diff "$work/before-$1" "$work/after" >&2 || fail "$2"
  echo "ok: $2"
}

serve s
serve h
# Another program translates addresses, so that the gateway remembers conversations also while it forwards nothing.
on g nft 'add table inet other; add chain inet other nat { type nat hook prerouting priority -100; };
  add rule inet other nat tcp dport 9 redirect to :10'
for name in g s; do snapshot "$name" >"$work/before-$name"; done
declare -A asker_pid=()
spawn s "$RINGWIRE_PYTHON" "$e2e_dir/tools/question.py" serve 0.0.0.0 5001 >>"$work/udp.log" 2>&1 &
spawn s "$RINGWIRE_PYTHON" "$e2e_dir/tools/question.py" serve :: 5003 >>"$work/udp.log" 2>&1 &
for port in 5001 5003; do wait_until 5 "UDP $port" output_has ":$port\\b" on s ss -Hlun; done
keeps_asking early4 198.51.100.1 5001
keeps_asking early6 2001:db8:51::1 5003
for name in early4 early6; do wait_until 5 "$name is refused" prints refused came_of "$name"; done
sed 's/^AllowedIPs.*/AllowedIPs = 10.77.0.9/' "$work/wgg.conf" >"$work/stray.conf"
check "a target that no peer has draws a warning" output_has 'stray.conf:[0-9]+:15: the target 10.77.0.2 is in no peer' \
  "$RINGWIRE" check "$work/stray.conf"
check "also of a dry run" output_has "^# .*stray.conf:[0-9]+:15: the target fd77::2" on g "$RINGWIRE" up --dry-run "$work/stray.conf"
check "up on the gateway" up g
check "and on the server" up s
say "TCP"
check_equal "IPv4: the server sees the client" 198.51.100.9 "$(get c $public4:8080)"
check_equal "IPv6" 2001:db8:51::9 "$(get c "$public6:8080")"
check "and logs it" grep -q '^198.51.100.9 ' "$work/access-s"
check "IPv6, too" grep -q '^2001:db8:51::9 ' "$work/access-s"
check_equal "with masquerade it sees the gateway" 10.77.0.1 "$(get c $public4:8081)"
check_equal "IPv6" fd77::1 "$(get c "$public6:8081")"
check_equal "a host behind the server" 198.51.100.9 "$(get c $public4:8082)"
check_equal "IPv6" 2001:db8:51::9 "$(get c "$public6:8082")"
check "which logs the client" grep -q '^198.51.100.9 ' "$work/access-h"
check_equal "a program of the gateway's own" 198.51.100.1 "$(get g $public4:8080)"
head -c 3000000 /dev/urandom >"$work/big"
check_equal "segments fit, IPv4" "$(sha256sum <"$work/big")" "$(get c $public4:8080/big | sha256sum)"
check_equal "IPv6, of a host behind the server" "$(sha256sum <"$work/big")" "$(get c "$public6:8082/big" 10 | sha256sum)"
ip -n s route add $public4 dev wgs
check_equal "a client that is the target itself" 10.77.0.1 "$(get s $public4:8080)"
ip -n s route del $public4 dev wgs
check_fails "a port that is not forwarded" get c $public4:8083 1
say "UDP"
echo_udp s UDP4 5000 bind=10.77.0.2
echo_udp s UDP6 5002 bind=[fd77::2]
for port in 5000 5002; do wait_until 5 "UDP $port" output_has ":$port\\b" on s ss -Hlun; done
check_equal "IPv4, a service that is bound to its address" "hello 198.51.100.9" "$(ask_udp c $public4 5000)"
check_equal "one that is bound to none" "hello 198.51.100.9" "$(ask_udp c $public4 5001)"
check_equal "IPv6" "hello [2001:0db8:0051:0000:0000:0000:0000:0009]" "$(ask_udp c "$public6" 5002)"
check_equal "one that is bound to none" "$answered6" "$(ask_udp c "$public6" 5003)"
check_equal "a range that moves keeps its order" "hello 198.51.100.9" "$(ask_udp c $public4 6001)"
wait_until 5 "a client that was sending already is answered" prints "$answered4" came_of early4
wait_until 5 "IPv6" prints "$answered6" came_of early6
kill "${asker_pid[early4]}" "${asker_pid[early6]}"
say "a server without any way to the client of its own"
ip -n s route del default && ip -n s -6 route del default
check_equal "TCP, IPv4" 198.51.100.9 "$(get c $public4:8080)"
check_equal "TCP, IPv6" 2001:db8:51::9 "$(get c "$public6:8080")"
check_equal "UDP, IPv4" "hello 198.51.100.9" "$(ask_udp c $public4 5001)"
check_equal "UDP, IPv6" "$answered6" "$(ask_udp c "$public6" 5003)"
check_equal "a host behind it" 198.51.100.9 "$(get c $public4:8082)"
check "a ping of its own finds no way, IPv4" no_pings s 198.51.100.9
check "IPv6" no_pings s 2001:db8:51::9
check_equal "and the tunnel does not become one" 0 "$(counted g pinged)"
ip -n s route add default via 203.0.113.1 && ip -n s -6 route add default via 2001:db8:203::1
say "the own way of the server"
check "its own traffic takes it" pings s 203.0.113.1
check_equal "and no answer to a client" 0 "$(counted r strayed)"
check_equal "IPv6" 0 "$(counted r strayed6)"

say "questions whose replies could not return through the tunnel get none"
keeps_asking known 198.51.100.1 5001
wait_until 5 "a client is answered" prints "$answered4" came_of known
# 65,535 clients are remembered: most of them are made up here, and some ask from as many ports.
made_up() {  # made_up add|delete
  "$RINGWIRE_PYTHON" -c 'import sys; print(sys.argv[1], "element inet ringwire-wgs clients0 {", ", ".join(
    f"10.{n >> 16}.{n >> 8 & 255}.{n & 255} . 9 . 5001" for n in range(65400)), "}")' "$1" | on s nft -f -
}
made_up add
on c "$RINGWIRE_PYTHON" -c 'import socket
clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(300)]
for client in clients: client.sendto(b"hello\n", ("198.51.100.1", 5001))'
check_fails "a client beyond what ReturnPath remembers" ask_udp c $public4 5001 1
: >"$work/asked-known"
wait_until 5 "one that it remembers is answered" prints "$answered4" came_of known
kill "${asker_pid[known]}"
made_up delete  # not the others: the server may not have answered all of them yet
check_equal "then others are, too" "hello 198.51.100.9" "$(ask_udp c $public4 5001)"
on s nft 'add table inet other; add chain inet other raw { type filter hook prerouting priority -300; };
  add rule inet other raw iifname "wgs" udp dport 5001 ip saddr 198.51.100.9 notrack'
check_fails "a client whose packets another program keeps from conntrack" ask_udp c $public4 5001 1
on s nft delete table inet other
check_equal "no reply took the server's own way" 0 "$(counted r strayed)"

say "one client that asks in several ways, from one port"
ip -n c route add 192.0.2.0/24 via 198.51.100.1
ip -n s route add 198.51.100.0/24 via 192.0.2.1
new_key gateway2 server2
cat >"$work/wgg2.conf" <<CONF
  [Interface]
  PrivateKey = ${private[gateway2]}
  ListenPort = 51821
  Address = 10.78.0.1/24
  [Gateway]
  PortForward = udp/5101 -> 10.78.0.2:5001
  [Peer]
  PublicKey = ${public[server2]}
  AllowedIPs = 10.78.0.2/32
CONF
cat >"$work/wgs2.conf" <<CONF
  [Interface]
  PrivateKey = ${private[server2]}
  Address = 10.78.0.2/24
  Table = off
  [Gateway]
  ReturnPath = on
  [Peer]
  PublicKey = ${public[gateway2]}
  AllowedIPs = 0.0.0.0/0
  Endpoint = 192.0.2.1:51821
  PersistentKeepalive = 25
CONF
sed 's,5101 ->,5003-5101 ->,; s,2:5001,2:5003-5101,' "$work/wgg2.conf" >"$work/clash.conf"
taken='clash.*PortForward udp/5003-5101: the interface wgg forwards that as well'
check "a port that another interface forwards draws a warning" output_has "$taken" on g "$RINGWIRE" check "$work/clash.conf"
check "also of a dry run" output_has "${taken#clash}" on g "$RINGWIRE" up --dry-run "$work/clash.conf"
check "a second tunnel, up on the gateway" up g 2
check "and on the server" up s 2
wait_until 5 "the second tunnel carries" pings g 10.78.0.2
direct=192.0.2.2 tunnel=198.51.100.1
ways=($tunnel/5001 $direct/5001 $tunnel/5101 $direct/5001 $tunnel/5001 $tunnel/5101 $tunnel/5001)
check_equal "each answer comes from where the question was sent, from a service that is bound to no address" \
  "${ways[*]}" "$(question c turns "${ways[@]}")"
spawn s "$RINGWIRE_PYTHON" "$e2e_dir/tools/question.py" hold 5002 $direct 10.77.0.2 >>"$work/udp.log" 2>&1 &
wait_until 5 "a service that is bound to each address" output_has "10.77.0.2:5002\\b" on s ss -Hlun
check_equal "and also out of turn, from one that is bound to each address" \
  "$direct/5002 $direct/5002 $tunnel/5002" "$(question c crossed $direct/5002 $tunnel/5002)"
down s 2
down g 2
ip -n c route del 192.0.2.0/24 && ip -n s route del 198.51.100.0/24

say "a reload, with connections open"
open_stream() {  # open_stream NAME HOST ADDRESS PORT PUBLIC_PORT: from c, to a service on HOST
  spawn "$2" "$RINGWIRE_PYTHON" "$e2e_dir/tools/stream.py" serve "$3" "$4" >>"$work/$1.log" 2>&1 &
  wait_until 10 "the echo service of $1" listening "$2" "$4"
  spawn c "$RINGWIRE_PYTHON" "$e2e_dir/tools/stream.py" run $public4 "$5" "$work/$1.verified" >>"$work/$1.log" 2>&1 &
  stream_pid[$1]=$!
  wait_until 20 "the first bytes of $1" stream_beyond "$1" 0
}
reload() { on "$1" "$RINGWIRE" reload "wg$1"; }
sed -i '/^\[Gateway\]/a PortForward = tcp/9001 -> 10.77.0.2:7000\nPortForward = tcp/9002 -> 192.168.2.9:7000
  /^\[Gateway\]/a PortForward = udp/9001 -> 10.77.0.2:5001\nPortForward = udp/9001 -> [fd77::2]:5003' "$work/wgg.conf"
check_fails "a port that is not forwarded yet" get c $public4:9001 1
keeps_asking late4 198.51.100.1 9001
keeps_asking late6 2001:db8:51::1 9001
for name in late4 late6; do wait_until 5 "$name is refused" prints refused came_of "$name"; done
check "a reload adds it" reload g
wait_until 5 "and answers a client that was sending already" prints "$answered4" came_of late4
wait_until 5 "IPv6" prints "$answered6" came_of late6
open_stream server s 10.77.0.2 7000 9001
open_stream behind h 192.168.2.9 7000 9002
sed -i /9001/d "$work/wgg.conf"
check "and takes it away" reload g
stream_goes_on server "a connection that is open goes on"
check_fails "a new one finds nothing" get c $public4:9001 1
wait_until 5 "nor does a client that goes on sending" prints refused came_of late4
wait_until 5 "IPv6" prints refused came_of late6
kill "${asker_pid[late4]}" "${asker_pid[late6]}"

say "the server's service is killed"
kill -KILL "$(pgrep -of 'ringwire up .*/wgs.conf')"
wait_until 10 "the interface goes" no_interface s wgs
on s nft 'add table inet seen; add counter inet seen kept;
  add chain inet seen arriving { type filter hook prerouting priority 300; };
  add rule inet seen arriving ip saddr 192.168.2.9 ip daddr 198.51.100.9 counter name kept'
wait_until 10 "the host behind it sends on" differs 0 counted s kept
check_equal "no answer leaves by the other way" 0 "$(counted r strayed)"
on s nft delete table inet seen
check "the next up" up s
stream_goes_on server "and the connections go on"
stream_goes_on behind "also to the host behind"
stream_ends server
stream_ends behind

say "down, and ReturnPath by a reload"
check_equal "still no answer has left by the other way" 0 "$(counted r strayed)"
down s
as_before s "nothing is left on the server"
sed -i 's/^ReturnPath = on/ReturnPath = off/' "$work/wgs.conf"
# Now it is the interface itself that looks at the way back to whoever sends from behind the server.
on s sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter && echo 1 >/proc/sys/net/ipv4/conf/lan0/rp_filter'
snapshot s >"$work/before-s"
check "without ReturnPath" up s
check_fails "the client gets no answer" get c $public4:8080 1
check "as it leaves by the other way" differs 0 counted r strayed
check_equal "but with masquerade it does" 10.77.0.1 "$(get c $public4:8081)"
sed -i 's/^ReturnPath = off/ReturnPath = on/' "$work/wgs.conf"
check "a reload" reload s
check_equal "is enough" 198.51.100.9 "$(get c $public4:8080)"
check_equal "also for a host behind it" 198.51.100.9 "$(get c $public4:8082)"
sed -i 's/^ReturnPath = on/&\nKillSwitch = on/' "$work/wgs.conf"
check "a reload with a kill switch" reload s
check "which keeps the server's own traffic in" no_pings s 203.0.113.1
check_equal "lets it answer" 198.51.100.9 "$(get c $public4:8080)"
check_equal "datagrams, too" "hello 198.51.100.9" "$(ask_udp c $public4 5001)"
keeps_asking last4 198.51.100.1 5001
wait_until 5 "a client goes on sending" prints "$answered4" came_of last4
down s
down g
wait_until 5 "when the ports are the gateway's own again" prints refused came_of last4
as_before s "nothing is left on the server"
as_before g "nothing is left on the gateway"
